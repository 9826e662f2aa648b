"""Pairs of answers that people compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from harness.conversions import meet
from harness.examples import Example, ExampleSet, Pair, Prompt


@dataclass(frozen=True)
class LabelledPair:
    """Two answers to one prompt, and what people say."""

    prompt: Prompt
    chosen: str
    rejected: str
    share: float | None
    """Share of raters that preferred `chosen`, 0 to 1; None where only their verdict is known."""
    subset: str | None

    @property
    def label(self) -> float:
        """The share of people for `chosen`; 1 where only the verdict is known."""
        return 1.0 if self.share is None else self.share

    @property
    def longer(self) -> int:
        """1 where `chosen` has more characters, -1 where `rejected` has, 0 where both have as many."""
        difference = len(self.chosen) - len(self.rejected)
        return (difference > 0) - (difference < 0)


def labelled_pairs(examples: ExampleSet) -> tuple[list[LabelledPair], dict[str, int]]:
    """The pairs a judge can be asked about, and how many cannot be used, by reason.

    Raises:
        DataError: the examples carry no pairs, nor rewards to make them of.
    """
    found: list[LabelledPair] = []
    lost: Counter[str] = Counter()
    for example in meet(examples, {"pairs"}):
        for pair in example.pairs:
            made = _labelled(example, pair)
            if isinstance(made, str):
                lost[made] += 1
            else:
                found.append(made)
    return found, dict(lost)


def _labelled(example: Example, pair: Pair) -> LabelledPair | str:
    chosen, rejected = example.responses[pair.chosen], example.responses[pair.rejected]
    if chosen.text == rejected.text:
        return "pairs of one text"
    if (chosen.prompt or example.prompt) != (rejected.prompt or example.prompt):
        return "pairs of answers to different prompts"
    return LabelledPair(chosen.prompt or example.prompt, chosen.text, rejected.text, pair.share, example.subset)
