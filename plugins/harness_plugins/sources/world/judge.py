"""The world's own judge: it knows every legitimate answer, and compares any two texts by the true preference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

import harness
from harness_plugins.sources.world.language import answers, prompt_texts
from harness_plugins.sources.world.preferences import beats

if TYPE_CHECKING:
    from harness_plugins.sources.world import World


@dataclass(frozen=True)
class TrueJudge:
    """The true preference as a probability: no noise, no raters, no length bias, whatever the labels have."""

    world: World

    def preferences(self, comparisons: Sequence[harness.Comparison]) -> list[float]:
        """P(the second answer is preferred).

        A legitimate answer beats all other text, and two texts of which none is legitimate are equals. Texts are
        compared without regard to white space.

        Raises:
            DataError: a prompt is none of this world.
        """
        prompts = np.array([_place(c.prompt) for c in comparisons], dtype=np.int64)
        known = [_legitimate(prompt) for prompt in prompts.tolist()]
        first = np.array([a.get(_words(c.first), -1) for a, c in zip(known, comparisons, strict=True)], dtype=np.int64)
        second = np.array(
            [a.get(_words(c.second), -1) for a, c in zip(known, comparisons, strict=True)], dtype=np.int64
        )
        truth = beats(self.world, prompts, second.clip(0), first.clip(0))
        by_legitimacy = 0.5 + 0.5 * ((second >= 0).astype(np.float64) - (first >= 0))
        return np.where((first >= 0) & (second >= 0), truth, by_legitimacy).tolist()


def _words(text: str) -> str:
    """The text with its words one space apart."""
    return " ".join(text.split())


@cache
def _places() -> Mapping[str, int]:
    return {text: place for place, text in enumerate(prompt_texts())}


@cache
def _legitimate(prompt: int) -> Mapping[str, int]:
    return {text: place for place, text in enumerate(answers(prompt))}


def _place(prompt: harness.Prompt) -> int:
    turns = [(turn.role, _words(turn.content)) for turn in prompt]
    place = _places().get(turns[0][1]) if len(turns) == 1 and turns[0][0] == "user" else None
    if place is None:
        said = " / ".join(f"{role}: {text}" for role, text in turns)
        raise harness.DataError(
            f"the world's judge does not know the prompt {said[:200]!r}",
            fix="have it compare answers to prompts of the source `world`, each one user turn, or choose another judge",
        )
    return place
