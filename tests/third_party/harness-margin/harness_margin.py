"""Margin loss: the chosen response's log-ratio to the reference should lead the rejected one's by so many nats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need


@dataclass(frozen=True)
class Margin(harness.Method):
    """relu(margin - (l(chosen) - l(rejected))), l = log pi - log pi_ref.

    The hinge of SLiC-HF (Zhao et al. 2023, arXiv:2305.10425, eq. 1, first term), on log-ratios instead of log-probs.
    """

    name: ClassVar[str] = "margin"
    source: ClassVar[str] = "our choice, after arXiv:2305.10425, eq. 1"

    margin: float = 5.0
    """The lead that is enough, nats, > 0."""

    def __post_init__(self) -> None:
        if not self.margin > 0:
            raise ValueError(f"margin must be > 0, not {self.margin}")

    def needs(self) -> frozenset[Need]:
        return frozenset({"pairs"})

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) nats; `margin` where the policy is the reference."""
        lead = batch.log_ratio[batch.chosen] - batch.log_ratio[batch.rejected]
        return (self.margin - lead).clamp(min=0)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) nats: the log-ratio."""
        return batch.log_ratio


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """The one method of this distribution."""
    return [Margin]
