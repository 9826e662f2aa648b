"""Robust DPO: an unbiased estimate of DPO's loss from preferences that were flipped with a known probability."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.dpo import BETA, dpo_loss, pair_diagnostics

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need


def robust_dpo_loss(chosen: Tensor, rejected: Tensor, *, beta: float, flip_rate: float) -> Tensor:
    """(pairs,) [(1 - e) L(h) - e L(-h)] / (1 - 2 e), with L(h) = -log sigmoid(beta h) and e the flip rate.

    Where a label is flipped with probability e, its expectation is L of the true label. log 2 at the reference. It has
    no lower bound for e > 0: it falls like -e beta h / (1 - 2 e) as h grows.

    Args:
        chosen: (pairs,) nats, summed log-ratio to the reference of the response labelled as chosen.
        rejected: (pairs,) nats, likewise of the other.
        beta: 1/nats, > 0.
        flip_rate: probability, in [0, 1/2); 0 gives DPO.

    Source: Chowdhury et al. 2024, arXiv:2403.00409 (rDPO), as read in TRL 1.16, not in the paper.
    """
    as_labelled = dpo_loss(chosen, rejected, beta=beta)
    as_flipped = dpo_loss(rejected, chosen, beta=beta)
    return ((1 - flip_rate) * as_labelled - flip_rate * as_flipped) / (1 - 2 * flip_rate)


@dataclass(frozen=True)
class RobustDPO(harness.Method):
    """DPO whose expected loss is that of clean labels, where a known share of the labels is flipped.

    It is not conservative DPO, which expects the flips and would rather be less sure of every pair.
    """

    name: ClassVar[str] = "robust_dpo"
    source: ClassVar[str] = "arXiv:2403.00409, as read in TRL 1.16"

    beta: float = 0.1
    """Strength of the pull to the reference, 1/nats, > 0. Default: DPO's."""
    flip_rate: float = 0.1
    """Probability that a preference is labelled the wrong way round, in [0, 0.5); the paper's epsilon, TRL's
    `label_smoothing`. 0 gives DPO. Default: our choice."""

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"beta is {self.beta}; it must be positive and finite")
        if not 0 <= self.flip_rate < 0.5:
            raise ValueError(f"flip_rate is {self.flip_rate}; it must be at least 0 and below 0.5")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate, beta as DPO's, and the flip rate, which need not be known."""
        flip_rate = harness.Range(0.0, 0.4, source="our choice")
        return {**harness.LEARNING_RATE_ALONE, "beta": BETA, "flip_rate": flip_rate}

    def needs(self) -> frozenset[Need]:
        """Pairs."""
        return frozenset({"pairs"})

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) nats, see `robust_dpo_loss`."""
        log_ratio = batch.log_ratio
        chosen, rejected = log_ratio[batch.chosen], log_ratio[batch.rejected]
        return robust_dpo_loss(chosen, rejected, beta=self.beta, flip_rate=self.flip_rate)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) the implicit reward beta * l(y), as DPO's."""
        return self.beta * batch.log_ratio

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """See `pair_diagnostics`."""
        return pair_diagnostics(batch, beta=self.beta)


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `robust_dpo`."""
    return [RobustDPO]
