"""DoRA, distribution-aware robust alignment: what `kl_dro` makes of the losses of `reweighting`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.kl_dro import LAM, check_temperature, concentration, log_mean_exp
from harness_plugins.methods.reweighting import Reweighting

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class DoRA(Reweighting):
    """`base` with the pairs of a target source weighing more, and hard ones among them more still.

    The objective is lam * log mean exp(h * loss / lam) over the whole optimiser step, with h of `pair_weights`.
    The released script takes the log-mean-exp over the one prompt of a device, where it drops out; `reweighting` is
    what that computes.
    """

    name: ClassVar[str] = "dora"
    source: ClassVar[str] = "arXiv:2504.05831, authors' code; over the whole step: our choice"

    lam: float = 1.0
    """Temperature in the unit of the base's loss, > 0: large values give reweighting, small ones the worst pair alone.
    The authors' value."""

    def __post_init__(self) -> None:
        super().__post_init__()
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
        """Reweighting's; and `concentration` of the losses as weighted."""
        return {**super().diagnostics(batch), **concentration(self.terms(batch), lam=self.lam)}


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `dora`."""
    return [DoRA]
