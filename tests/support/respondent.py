"""A subject whose answers are written down, and a source's judge: what tests of judging need without a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from harness import Answer, Comparison, Example, ExampleSet, Prompt, user_prompt

if TYPE_CHECKING:
    from judging import CausalJudge


@dataclass
class LongerWins:
    """A source's judge: sure of the longer answer, but for a liking of what it sees first."""

    first: float = 0.0
    asked: list[Comparison] = field(default_factory=list)

    def preferences(self, comparisons: Sequence[Comparison]) -> list[float]:
        self.asked += comparisons
        return [float(np.clip((len(c.second) > len(c.first)) - self.first, 0, 1)) for c in comparisons]


@dataclass
class Respondent:
    """A subject whose answers are written down: prompt -> (answer, reference)."""

    says: Mapping[str, tuple[str, str]]
    folder: Path
    own_judge: object = None
    causal: CausalJudge | None = None
    rater_of: object = None
    told: list[tuple[int, int]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    most_tokens: int = 0

    def examples(self) -> ExampleSet:
        return ExampleSet(tuple(Example(f"e{i}", user_prompt(p), ()) for i, p in enumerate(self.says)))

    def answer(self, prompts: Mapping[str, Prompt], *, max_tokens: int) -> list[Answer]:
        self.most_tokens = max_tokens
        texts = {i: self.says[p[0].content][0] for i, p in prompts.items()}
        return [Answer(i, text, len(text.split()), finished=text != "cut") for i, text in texts.items()]

    def references(self) -> Mapping[Prompt, str] | None:
        return {user_prompt(p): reference for p, (_, reference) in self.says.items()}

    def judge(self):
        return self.own_judge

    def scorer(self, model: str):
        return self.causal

    def rater(self, model: str):
        return self.rater_of

    def kept(self, name: str) -> Path:
        return self.folder / name

    def tell(self, done: int, total: int) -> None:
        self.told.append((done, total))

    def say(self, text: str) -> None:
        self.said.append(text)

    def identity(self, model: str) -> str:
        return f"the content of {model}"
