"""Which of an example's responses a step computes: those that a method learns from, and those that it only measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from harness.batch import Logps, Measured
from harness.engine.encoding import Encoded
from harness.engine.packed_model import split_by_tokens
from harness.method import Method


def learnt(method: Method, example: Encoded) -> Encoded:
    """The example with what `method` learns from, its samples included; without responses where that is nothing."""
    own = len(example.responses) - example.samples
    return _keeping(example, method.learns_from(example.example), range(own, len(example.responses)))


def measured(method: Method, example: Encoded) -> Encoded:
    """The example with what `method` measures; without responses where that is nothing, as it is for most methods."""
    return replace(_keeping(example, method.measures(example.example), ()), fresh=None)


def _keeping(whole: Encoded, responses: Iterable[int], samples: Iterable[int]) -> Encoded:
    kept = sorted(set(responses))
    wanted = [*kept, *samples]
    if len(wanted) == len(whole.responses):
        return whole
    return replace(whole.of_responses(wanted), kept=tuple(kept))


def in_parts(examples: Sequence[Encoded], budget: int) -> list[list[Encoded]]:
    """Micro-batches within a token budget; at least one, and each with a response if any example has one. Those without
    stand in the last.
    """
    parts = split_by_tokens([e for e in examples if e.responses], budget) or [[]]
    parts[-1].extend(e for e in examples if not e.responses)
    return parts


@dataclass(frozen=True)
class ToMeasure:
    """The responses of one optimiser step that are measured before anything is learnt."""

    parts: Sequence[Sequence[Encoded]]
    """In micro-batches; no example without a response."""
    columns: Mapping[str, Sequence[np.ndarray]]
    """Per name, (K,) per example, in the order of the parts; of responses that are not measured too."""

    @classmethod
    def of(
        cls, examples: Mapping[int, Encoded], columns: Mapping[str, Sequence[np.ndarray]], budget: int
    ) -> ToMeasure | None:
        """What is measured of the examples of a step, by their index; None where that is nothing."""
        order = sorted((i for i in examples if examples[i].responses), key=lambda i: examples[i].length, reverse=True)
        if not order:
            return None
        parts = split_by_tokens([examples[i] for i in order], budget)
        return cls(parts, {name: [values[i] for i in order] for name, values in columns.items()})

    @property
    def tokens(self) -> int:
        """Response tokens."""
        return sum(len(r) for part in self.parts for e in part for r in e.responses)

    def with_logps(self, policy: Logps) -> Measured:
        """As a method sees them, from their log-probs."""
        kept = [list(range(len(e.responses)) if e.kept is None else e.kept) for part in self.parts for e in part]

        def column(values: Sequence[np.ndarray]) -> torch.Tensor:
            own = np.concatenate([of_one[which] for of_one, which in zip(values, kept, strict=True)])
            return torch.from_numpy(own).to(policy.total.device, policy.total.dtype)

        return Measured(policy, {name: column(values) for name, values in self.columns.items()})
