"""The one data model: a prompt, K responses, and what is known of them.

Every source yields `Example`s and every method reads them. What an example carries decides which
methods can use it: pairs, labels (unpaired), candidates with rewards, rater shares, sources.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Split: TypeAlias = Literal["train", "validation", "test"]
Need: TypeAlias = Literal["pairs", "labels", "candidates", "rewards", "shares", "sources"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a prompt. `role` is "system", "user" or "assistant"."""

    role: str
    content: str


Prompt: TypeAlias = tuple[Message, ...]


def user_prompt(text: str) -> Prompt:
    """A prompt of one user turn."""
    return (Message("user", text),)


def same_text(prompt: Prompt) -> str:
    """What must agree for two prompts to count as one: all that is said, by whomever.

    Case, white space and Unicode compatibility forms make no difference, nor does the cutting into turns.
    """
    said = " ".join(turn.content for turn in prompt)
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", said).casefold())
    return re.sub(r"\s+", " ", folded).strip()


@dataclass(frozen=True, slots=True)
class Response:
    """An answer to a prompt. It may be the empty string: the end-of-sequence token is still scored."""

    text: str
    source: str | None = None
    """Who wrote it: "human", a model's name; None where unknown."""
    reward: float | None = None
    """A score of this response, in the data's own unit; comparable within one prompt."""
    prompt: Prompt | None = None
    """A prompt of its own, where it differs from the example's (Rc-DPO, mismatched KTO responses)."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A judgement between two responses of one example, by their indices."""

    chosen: int
    rejected: int
    share: float | None = None
    """Share of raters that preferred `chosen`, 0 to 1, ties counted half; None where unknown."""


@dataclass(frozen=True, slots=True)
class Label:
    """A judgement of one response alone, by its index."""

    response: int
    desirable: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with its responses. `id` is unique and stable within a source; results are stored by it."""

    id: str
    prompt: Prompt
    responses: tuple[Response, ...]
    pairs: tuple[Pair, ...] = ()
    labels: tuple[Label, ...] = ()
    subset: str | None = None
    """A named part of the data set it came from; results may be broken down by it."""


@dataclass(frozen=True)
class Ledger:
    """What became of the rows of a source. Nothing is dropped without standing here."""

    read: int = 0
    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict[str, int])
    """Rows dropped, by reason."""
    counted: Mapping[str, int] = field(default_factory=dict[str, int])
    """Rows kept but worth knowing of, by what is notable (ties, empty responses, truncated prompts)."""
    named: tuple[str, ...] = ()
    """The first few dropped rows, each as `file:row: reason`."""

    def plus(self, *, dropped: Mapping[str, int] | None = None, counted: Mapping[str, int] | None = None) -> Ledger:
        """This ledger with more rows dropped (and so fewer kept) or counted."""
        lost = dict(dropped or {})
        return Ledger(
            read=self.read,
            kept=self.kept - sum(lost.values()),
            dropped=dict(Counter(self.dropped) + Counter(lost)),
            counted=dict(Counter(self.counted) + Counter(counted or {})),
            named=self.named,
        )


@dataclass(frozen=True)
class ExampleSet(Sequence[Example]):
    """Examples of one split in the order they are to be seen, with the ledger of where they came from."""

    examples: tuple[Example, ...]
    ledger: Ledger = field(default_factory=Ledger)

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples)

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index):  # pyright: ignore  # the overloads of Sequence add nothing here
        return self.examples[index]


def carries(examples: Sequence[Example]) -> frozenset[Need]:
    """What every one of these examples carries (nothing, where there is no example)."""
    found: list[Need] = []
    if not examples:
        return frozenset()
    if all(e.pairs for e in examples):
        found.append("pairs")
        if all(p.share is not None for e in examples for p in e.pairs):
            found.append("shares")
    if all(e.labels for e in examples):
        found.append("labels")
    if all(len(e.responses) >= 2 for e in examples):
        found.append("candidates")
    if all(r.reward is not None for e in examples for r in e.responses):
        found.append("rewards")
    if all(r.source is not None for e in examples for r in e.responses):
        found.append("sources")
    return frozenset(found)
