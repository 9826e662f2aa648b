"""Regularised preference optimisation, cumulative form: DPO plus the chosen response's summed loss."""

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


def rpo_cumulative_loss(chosen: Tensor, rejected: Tensor, chosen_logp: Tensor, *, beta: float, eta: float) -> Tensor:
    """(pairs,) -log sigmoid(beta * (chosen - rejected)) - eta * beta * chosen_logp.

    Args:
        chosen: (pairs,) nats, summed log-ratio to the reference of the chosen response.
        rejected: (pairs,) nats, likewise of the rejected one.
        chosen_logp: (pairs,) nats, log pi(y_w|x) summed over tokens; neither divided by length nor by the reference.
        beta: 1/nats, > 0.
        eta: weight, >= 0; 0 gives DPO.

    Source: Liu et al. 2024, arXiv:2405.16436, the form of the main text, read in the authors' `rpo_trainer.py`.
    """
    return dpo_loss(chosen, rejected, beta=beta) - eta * beta * chosen_logp


@dataclass(frozen=True)
class RPOCumulative(harness.Method):
    """DPO with a pull towards the chosen response, summed over its tokens, so that long ones are pulled harder."""

    name: ClassVar[str] = "rpo_cumulative"
    source: ClassVar[str] = "arXiv:2405.16436, main text (cumulative form), authors' code"

    beta: float = 0.1
    """Strength of the pull to the reference, 1/nats, > 0. Default: DPO's, our choice; the authors' runs: 0.01, 0.05."""
    eta: float = 0.005
    """Weight of the chosen response's summed negative log-likelihood, multiplied by beta, >= 0. Default: the authors'
    runs of this form."""

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"beta is {self.beta}; it must be positive and finite")
        if not 0 <= self.eta < math.inf:
            raise ValueError(f"eta is {self.eta}; it must be finite and at least 0")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate, beta as DPO's, and eta around the authors' 0.005."""
        eta = harness.Range(5e-4, 0.05, log=True, source="our choice; the authors' value is 0.005")
        return {**harness.LEARNING_RATE_ALONE, "beta": BETA, "eta": eta}

    def needs(self) -> frozenset[Need]:
        """Pairs."""
        return frozenset({"pairs"})

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) see `rpo_cumulative_loss`."""
        log_ratio = batch.log_ratio
        return rpo_cumulative_loss(
            log_ratio[batch.chosen],
            log_ratio[batch.rejected],
            batch.policy.total[batch.chosen],
            beta=self.beta,
            eta=self.eta,
        )

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) the implicit reward beta * l(y), as DPO's."""
        return self.beta * batch.log_ratio

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """See `pair_diagnostics`; and the chosen responses' summed log-prob in nats."""
        chosen_logp = batch.policy.total.detach()[batch.chosen].mean()
        return {**pair_diagnostics(batch, beta=self.beta), "chosen_logp": chosen_logp}


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `rpo_cumulative`."""
    return [RPOCumulative]
