"""Prompts of one split that are found in another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.audit.near import SETTINGS, NearIndex, Neighbours, shingles, without_common
from harness.audit_record import NearPair, NearSettings, SharedPrompts
from harness.examples import Example, Prompt
from harness.reporter import Progress

NAMED = 5
"""How many shared prompts are named."""
EXCERPT = 100
"""Characters of a prompt that are shown."""


@dataclass(frozen=True)
class Asked:
    """The distinct prompts of a split."""

    name: str
    first: Mapping[str, Example]
    """By what is said: the first example that asks it."""
    counts: Mapping[str, int]
    """How many examples ask it."""

    @classmethod
    def of(cls, name: str, examples: Sequence[Example], said: Sequence[str]) -> Asked:
        """`said` is `same_text` of every example's prompt."""
        first: dict[str, Example] = {}
        counts: dict[str, int] = {}
        for example, text in zip(examples, said, strict=True):
            first.setdefault(text, example)
            counts[text] = counts.get(text, 0) + 1
        return cls(name, first, counts)


def overlaps(
    asked: Sequence[Asked], progress: Progress | None = None, settings: NearSettings = SETTINGS
) -> list[SharedPrompts]:
    """Every split compared with those before it: validation with training, test with both.

    Args:
        asked: the splits, training first.
        progress: told of the prompts looked up.
        settings: what counts as nearly the same.
    """
    every = {text: example.prompt for split in asked for text, example in split.first.items()}
    index = NearIndex(without_common({text: shingles(prompt) for text, prompt in every.items()}, settings), settings)
    held_out = dict.fromkeys(text for split in asked[1:] for text in split.first)
    near = index.neighbours(held_out, progress)
    return [
        _shared(split, other, near, settings.threshold)
        for place, other in enumerate(asked)
        for split in asked[place + 1 :]
    ]


def _shared(split: Asked, other: Asked, near: Mapping[str, Neighbours], threshold: float) -> SharedPrompts:
    exact = [text for text in split.first if text in other.first]
    matches: dict[str, tuple[float, str]] = {}
    for text in split.first:
        if text in near and text not in other.first:
            found = [(s, match) for s, match in near[text].alike if s >= threshold and match in other.first]
            matches |= {text: found[0]} if found else {}
    alone = {text: match for text, match in matches.items() if not near[text].patterned}
    patterned = [text for text in matches if near[text].patterned]
    named = [(text, 1.0, text) for text in exact[:NAMED]]
    ranked = sorted(alone.items(), key=lambda item: (-item[1][0], item[0]))
    named += [(text, similarity, match) for text, (similarity, match) in ranked[:NAMED]]

    def examples(texts: Sequence[str]) -> int:
        return sum(split.counts[text] for text in texts)

    return SharedPrompts(
        held_out=split.name,
        other=other.name,
        exact=examples(exact),
        exact_prompts=len(exact),
        near=examples(list(alone)),
        near_prompts=len(alone),
        patterned=examples(patterned),
        named=[_pair(split.first[a], other.first[b], similarity) for a, similarity, b in named],
    )


def _pair(held_out: Example, other: Example, similarity: float) -> NearPair:
    return NearPair(
        held_out=held_out.id,
        other=other.id,
        similarity=similarity,
        held_out_text=_excerpt(held_out.prompt),
        other_text=_excerpt(other.prompt),
    )


def _excerpt(prompt: Prompt) -> str:
    said = " ".join(" ".join(turn.content for turn in prompt).split())
    return said if len(said) <= EXCERPT else said[: EXCERPT - 1] + "…"
