"""Regularised preference optimisation, average form: DPO plus the chosen response's loss per token."""

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


def rpo_loss(chosen: Tensor, rejected: Tensor, chosen_mean_logp: Tensor, *, beta: float, eta: float) -> Tensor:
    """(pairs,) -log sigmoid(beta * (chosen - rejected)) - eta * chosen_mean_logp.

    Args:
        chosen: (pairs,) nats, summed log-ratio to the reference of the chosen response.
        rejected: (pairs,) nats, likewise of the rejected one.
        chosen_mean_logp: (pairs,) nats per token, log pi(y_w|x) / |y_w|; no reference in it.
        beta: 1/nats, > 0.
        eta: weight of the second term alone (it is not multiplied by beta), >= 0; 0 gives DPO.

    Source: Liu et al. 2024, arXiv:2405.16436, the form of the appendix, read in the authors' OpenRLHF trainer
    (`dpo_trainer.py`). They advise this form over the cumulative one of the main text.
    """
    return dpo_loss(chosen, rejected, beta=beta) - eta * chosen_mean_logp


@dataclass(frozen=True)
class RPO(harness.Method):
    """DPO with a pull towards the chosen response, averaged over its tokens.

    It is not the "RPO" of Nvidia (reward-aware preference optimisation).
    """

    name: ClassVar[str] = "rpo"
    source: ClassVar[str] = "arXiv:2405.16436, appendix (average form), authors' code"

    beta: float = 0.1
    """Strength of the pull to the reference, 1/nats, > 0. Default: DPO's, our choice; the authors' run has 0.5."""
    eta: float = 0.2
    """Weight of the chosen response's mean negative log-likelihood, >= 0. Default: the authors' run of this form."""

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"beta is {self.beta}; it must be positive and finite")
        if not 0 <= self.eta < math.inf:
            raise ValueError(f"eta is {self.eta}; it must be finite and at least 0")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate, beta as DPO's, and eta around the authors' 0.2."""
        eta = harness.Range(0.02, 2.0, log=True, source="our choice; the authors' value is 0.2")
        return {**harness.LEARNING_RATE_ALONE, "beta": BETA, "eta": eta}

    def needs(self) -> frozenset[Need]:
        """Pairs."""
        return frozenset({"pairs"})

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) see `rpo_loss`."""
        log_ratio = batch.log_ratio
        return rpo_loss(
            log_ratio[batch.chosen],
            log_ratio[batch.rejected],
            batch.policy.mean[batch.chosen],
            beta=self.beta,
            eta=self.eta,
        )

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) the implicit reward beta * l(y), as DPO's."""
        return self.beta * batch.log_ratio

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """See `pair_diagnostics`; and the chosen responses' mean log-prob in nats per token."""
        chosen_mean_logp = batch.policy.mean.detach()[batch.chosen].mean()
        return {**pair_diagnostics(batch, beta=self.beta), "chosen_mean_logp": chosen_mean_logp}


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `rpo`."""
    return [RPO]
