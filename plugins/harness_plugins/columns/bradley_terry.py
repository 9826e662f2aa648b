"""The Bradley-Terry loss of reward models. Not a method of its own: `reward_model` trains with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness
from harness.examples import Need

if TYPE_CHECKING:
    from torch import Tensor


def bradley_terry_loss(chosen: Tensor, rejected: Tensor, *, centring: float = 0.0) -> Tensor:
    """-log sigma(r_w - r_l) + centring (r_w + r_l)^2.

    Args:
        chosen: (pairs,) rewards of the preferred responses.
        rejected: (pairs,) of the others.
        centring: pulls rewards to a mean of zero, which pairs alone leave open; >= 0.

    Returns:
        (pairs,) nats.

    References:
        Ouyang et al. 2022, arXiv:2203.02155, eq. 1, which then takes the mean over the pairs of each prompt; second
        term: Eisenstein et al. 2023, arXiv:2312.09244, as in TRL.
    """
    from torch.nn.functional import logsigmoid

    return centring * (chosen + rejected) ** 2 - logsigmoid(chosen - rejected)


@dataclass(frozen=True)
class BradleyTerry(harness.Method):
    """`bradley_terry_loss`, with what a classifier gives for each response as its reward."""

    name: ClassVar[str] = "bradley_terry"
    source: ClassVar[str] = "arXiv:2203.02155 eq. 1; centring: arXiv:2312.09244, as in TRL"

    centring: float = 0.01
    """Weight of the squared sum of a pair's rewards, >= 0."""

    def needs(self) -> frozenset[Need]:
        """Pairs."""
        return frozenset({"pairs"})

    def train_columns(self) -> tuple[harness.Column | str, ...]:
        """None."""
        return ()

    def score_columns(self) -> tuple[harness.Column | str, ...]:
        """None."""
        return ()

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) see `bradley_terry_loss`."""
        rewards = batch.policy.total
        return bradley_terry_loss(rewards[batch.chosen], rewards[batch.rejected], centring=self.centring)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) the reward."""
        return batch.policy.total

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """`accuracy` (ties half) and `margin` of the pairs, and the mean `reward` of their responses."""
        rewards = batch.policy.total
        margin = rewards[batch.chosen] - rewards[batch.rejected]
        return {
            "accuracy": ((margin.sign() + 1) / 2).mean(),
            "margin": margin.mean(),
            "reward": (rewards[batch.chosen] + rewards[batch.rejected]).mean() / 2,
        }
