"""Identity preference optimisation: a squared loss that pulls the margin of a pair to a finite target."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.dpo import pair_diagnostics

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need


def ipo_loss(chosen: Tensor, rejected: Tensor, *, beta: float) -> Tensor:
    """(pairs,) (chosen - rejected - 1 / (2 beta))^2; 1 / (4 beta^2) where policy equals reference.

    Args:
        chosen: (pairs,) log-ratio of y_w to the reference: nats, l(y_w), or nats per token, l(y_w) / |y_w|.
        rejected: (pairs,) likewise of y_l.
        beta: one over that unit, > 0; the paper's tau.

    Source: Azar et al. 2023, arXiv:2310.12036, eq. 17.
    """
    return (chosen - rejected - 1 / (2 * beta)) ** 2


@dataclass(frozen=True)
class IPO(harness.Method):
    """Identity preference optimisation: the margin of every pair is to be 1 / (2 beta), no less and no more.

    Where labels never contradict each other, DPO's margin grows for ever; this one stops.
    """

    name: ClassVar[str] = "ipo"
    source: ClassVar[str] = "arXiv:2310.12036, eq. 17; per token: as in TRL 1.16, on its authors' word"

    beta: float = 0.1
    """Pull to the reference, > 0; the paper's tau. The margin's target is 1 / (2 beta), in nats per token where
    `length_normalised`, else in nats. Default: TRL's."""
    length_normalised: bool = True
    """True: log-ratios are divided by the tokens of their response, as in TRL 1.16, whose authors were told so by the
    paper's. False: summed, as eq. 17 reads and the authors of DPO have it in their code."""

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"beta is {self.beta}; it must be positive and finite")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate, and beta in a range wide enough for targets per token and per response."""
        beta = harness.Range(0.01, 10.0, log=True, source="our choice: targets from 50 down to 0.05")
        return {**harness.LEARNING_RATE_ALONE, "beta": beta}

    def needs(self) -> frozenset[Need]:
        """Pairs."""
        return frozenset({"pairs"})

    def _ratio(self, batch: harness.Batch) -> Tensor:
        return batch.log_ratio / batch.policy.tokens if self.length_normalised else batch.log_ratio

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) see `ipo_loss`."""
        ratio = self._ratio(batch)
        return ipo_loss(ratio[batch.chosen], ratio[batch.rejected], beta=self.beta)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) beta times the log-ratio as it is trained, per token or summed: two responses of a pair that has
        reached its target are 1/2 apart.
        """
        return self.beta * self._ratio(batch)

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """See `pair_diagnostics`; and `trained_margin`, the mean of beta times what has the target 1 / (2 beta): 1/2 at
        the target. Only where not `length_normalised` is it `margin`.
        """
        ratio = self._ratio(batch).detach()
        trained = self.beta * (ratio[batch.chosen] - ratio[batch.rejected]).mean()
        return {**pair_diagnostics(batch, beta=self.beta), "trained_margin": trained}


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `ipo`."""
    return [IPO]
