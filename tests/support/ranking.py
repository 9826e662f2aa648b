"""Policies that rank responses by numbers that are written down, and what `preference` makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from harness_plugins.evaluators.preference import Preference

import harness
from harness import Example, ExampleSet, Figure, Pair, Response, Scored, user_prompt


@dataclass
class Ranker:
    """A policy whose numbers are written down: per example id, its responses' scores, log-probs and lengths."""

    held_out: ExampleSet
    score_of: Mapping[str, Sequence[float]]
    logp_of: Mapping[str, Sequence[float]] = field(default_factory=dict)
    tokens_of: Mapping[str, Sequence[int]] = field(default_factory=dict)
    reference_of: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def examples(self) -> ExampleSet:
        return self.held_out

    def score(self, examples: Sequence[Example]) -> list[Scored]:
        def one(example: Example) -> Scored:
            score = np.array(self.score_of[example.id], dtype=np.float32)
            return Scored(
                logp=np.array(self.logp_of.get(example.id, score), dtype=np.float32),
                tokens=np.array(self.tokens_of.get(example.id, [1] * len(score)), dtype=np.int64),
                score=score,
            )

        return [one(e) for e in examples]

    def reference_logps(self, examples: Sequence[Example]) -> list[np.ndarray]:
        return [np.array(self.reference_of[e.id], dtype=np.float32) for e in examples]


def judge(*args, evaluator: Preference | None = None, **kwargs) -> tuple[dict[str, Figure], Mapping[str, int]]:
    """Figures by name, those of subsets as `metric[subset]`."""
    found = (evaluator or Preference()).evaluate(Ranker(*args, **kwargs))
    named = {f.metric.removeprefix("preference/") + (f"[{f.subset}]" if f.subset else ""): f for f in found.figures}
    assert len(named) == len(found.figures)
    return named, found.counted


ONE = (Pair(0, 1),)


def example(name: str, responses: int = 2, pairs=ONE, labels=(), rewards=None) -> Example:
    made = tuple(Response(f"r{k}", reward=rewards[k] if rewards else None) for k in range(responses))
    return Example(name, user_prompt(name), made, pairs=tuple(pairs), labels=tuple(labels))


def examples(*made: Example) -> ExampleSet:
    return ExampleSet(made, harness.Ledger(read=len(made), kept=len(made)))


def of(prompt: str, name: str, *, share=None, texts=("r0", "r1"), sources=(None, None), subset=None) -> Example:
    made = tuple(Response(t, s) for t, s in zip(texts, sources, strict=True))
    return Example(name, user_prompt(prompt), made, pairs=(Pair(0, 1, share),), subset=subset)


THREE = examples(example("a"), example("b"), example("c"))
SCORES = {"a": [2, 1], "b": [0, 0], "c": [1, 3]}  # right, a tie, wrong
LOGPS = {"a": [-4, -8], "b": [-6, -5], "c": [-9, -9]}  # right, wrong, a tie
TOKENS = {"a": [2, 8], "b": [4, 1], "c": [9, 3]}  # means: -2 and -1 wrong, -1.5 and -5 right, -1 and -3 right
