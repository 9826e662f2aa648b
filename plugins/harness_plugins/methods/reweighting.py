"""Pairs weighted by how likely the target source is to have written their answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.wrapping import Wrapping, check_mean_over_pairs

if TYPE_CHECKING:
    from torch import Tensor


def source_ratio() -> harness.Column:
    """The ratio column of the paper: a calibrated classifier of who wrote an answer."""
    from harness_plugins.columns.source_ratio import SourceRatio

    return SourceRatio()


def pair_weights(ratio: Tensor, chosen: Tensor, rejected: Tensor) -> Tensor:
    """(pairs,) h, the mean of w over the two answers of each pair, in [0, 2], without a gradient.

    With w = 2c, c = P(target source | x, y) of a class-balanced classifier, h = c(y_w) + c(y_l). It is symmetric: it
    says how much a pair is the target's, not which answer is.

    Args:
        ratio: (responses,) w, the relative density ratio of the target source, in [0, 2].
        chosen: (pairs,) int64 index into responses.
        rejected: (pairs,) int64 index into responses.

    Source: arXiv:2504.05831, authors' code.
    """
    ratio = ratio.detach()
    return (ratio[chosen] + ratio[rejected]) / 2


@dataclass(frozen=True)
class Reweighting(Wrapping):
    """`base` with each pair weighted by how much its answers are a target source's: h * loss, h of `pair_weights`."""

    name: ClassVar[str] = "reweighting"
    source: ClassVar[str] = "arXiv:2504.05831, authors' code: its weights, without its log-mean-exp"

    base: harness.Method = field(default_factory=DPO)
    """The method that gives the loss of a pair; its objective must be the mean over pairs."""
    ratio: harness.Column = field(default_factory=source_ratio)
    """The column with the relative density ratio of the target source, one per answer, in [0, 2]."""

    def __post_init__(self) -> None:
        check_mean_over_pairs(self.base)

    def train_columns(self) -> tuple[harness.Column | str, ...]:
        """The base's, and the ratio."""
        return (*self.base.train_columns(), self.ratio)

    def _weights(self, batch: harness.Batch) -> Tensor:
        return pair_weights(batch.column(self.ratio.name), batch.chosen, batch.rejected)

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) h * loss."""
        return self._weights(batch) * self.base.terms(batch)

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """The base's; and `pair_weight`, the mean of h, expected to be 1 where half of the answers are the target's."""
        return {**self.base.diagnostics(batch), "pair_weight": self._weights(batch).mean()}


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `reweighting`."""
    return [Reweighting]
