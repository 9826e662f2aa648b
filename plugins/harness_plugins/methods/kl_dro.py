"""Distributionally robust optimisation with a KL ball: hard pairs weigh exponentially more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.wrapping import Wrapping, check_mean_over_pairs

if TYPE_CHECKING:
    from torch import Tensor


def log_mean_exp(losses: Tensor, *, lam: float) -> Tensor:
    """() lam * log mean exp(losses / lam), between the mean (lam -> infinity) and the maximum (lam -> 0).

    It is max over weights w on the n losses of sum w * losses - lam KL(w || uniform), reached at the softmax of
    losses / lam, which is its gradient.

    Args:
        losses: (n,) n >= 1, differentiable.
        lam: in the unit of `losses`, > 0.

    Source: textbook dual of DRO with a KL penalty; read in the authors' code of DoRA, arXiv:2504.05831.
    """
    import torch

    top = losses.detach().max()
    # expm1 and log1p instead of logsumexp: the latter loses the losses to rounding where lam is large.
    return top + lam * torch.log1p(torch.expm1((losses - top) / lam).mean())


def concentration(losses: Tensor, *, lam: float) -> dict[str, Tensor]:
    """How few losses the exponential weights w = softmax(losses / lam) rest on.

    `effective_pairs`: 1 / sum w^2, from 1 to n. `largest_weight`: max w, from 1/n to 1.
    """
    weights = (losses.detach() / lam).softmax(0)
    return {"effective_pairs": 1 / weights.square().sum(), "largest_weight": weights.max()}


def check_temperature(lam: float) -> None:
    """`lam` is a temperature.

    Raises:
        ValueError: it is not positive and finite.
    """
    if not 0 < lam < math.inf:
        raise ValueError(f"lam is {lam}; it must be positive and finite")


LAM = harness.Range(0.1, 10.0, log=True, source="our choice; the authors' value is 1")
"""Where the temperature is searched, in the unit of the base's loss."""


@dataclass(frozen=True)
class KLDRO(Wrapping):
    """`base` with hard pairs weighing exponentially more: lam * log mean exp(loss / lam) over the whole step."""

    name: ClassVar[str] = "kl_dro"
    source: ClassVar[str] = (
        "the objective of arXiv:2504.05831, authors' code, with equal weights; over the whole step: our choice"
    )

    base: harness.Method = field(default_factory=DPO)
    """The method that gives the loss of a pair; its objective must be the mean over pairs."""
    lam: float = 1.0
    """Temperature in the unit of the base's loss, > 0: large values give the base, small ones the worst pair alone."""

    def __post_init__(self) -> None:
        check_mean_over_pairs(self.base)
        check_temperature(self.lam)

    def search_space(self) -> harness.SearchSpace:
        """The base's, and the temperature."""
        return {**super().search_space(), "lam": LAM}

    def linear_reduce(self) -> bool:
        """False: the weights depend on the losses."""
        return False

    def reduce(self, terms: Tensor, batch: harness.Batch) -> Tensor:
        """() see `log_mean_exp`."""
        del batch
        return log_mean_exp(terms, lam=self.lam)

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """The base's; and see `concentration`."""
        return {**self.base.diagnostics(batch), **concentration(self.terms(batch), lam=self.lam)}


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `kl_dro`."""
    return [KLDRO]
