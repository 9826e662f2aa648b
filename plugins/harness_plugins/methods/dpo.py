"""Direct preference optimisation: classify pairs by their log-ratio to a reference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need


def dpo_loss(chosen: Tensor, rejected: Tensor, *, beta: float) -> Tensor:
    """(pairs,) nats: -log sigmoid(beta * (chosen - rejected)); log 2 where policy equals reference.

    Args:
        chosen: (pairs,) nats, log-ratio l(y_w) = log pi(y_w|x) - log pi_ref(y_w|x), summed over tokens.
        rejected: (pairs,) nats, likewise l(y_l).
        beta: 1/nats, > 0.

    Source: Rafailov et al. 2023, arXiv:2305.18290, eq. 7; `preference_loss` in the authors' trainers.py.
    """
    from torch.nn.functional import logsigmoid

    return -logsigmoid(beta * (chosen - rejected))


def pair_diagnostics(batch: harness.Batch, *, beta: float) -> dict[str, Tensor]:
    """What is worth watching of a method that trains the log-ratios of pairs.

    `margin`: mean of beta * (l_w - l_l). `accuracy`: fraction of pairs with l_w > l_l, ties half.
    `chosen_log_ratio`, `rejected_log_ratio`: means of l in nats; DPO is known to let both fall.
    """
    log_ratio = batch.log_ratio.detach()
    chosen, rejected = log_ratio[batch.chosen], log_ratio[batch.rejected]
    return {
        "margin": beta * (chosen - rejected).mean(),
        "accuracy": ((chosen - rejected).sign().mean() + 1) / 2,
        "chosen_log_ratio": chosen.mean(),
        "rejected_log_ratio": rejected.mean(),
    }


BETA = harness.Range(0.01, 1.0, log=True, source="our choice; papers use 0.01 to 0.5")
"""Where beta is searched, 1/nats, also by methods that have DPO's loss in them."""


@dataclass(frozen=True)
class DPO(harness.Method):
    """Direct preference optimisation: a Bradley-Terry classifier whose reward is beta * log(pi / pi_ref)."""

    name: ClassVar[str] = "dpo"
    source: ClassVar[str] = "arXiv:2305.18290, eq. 7"

    beta: float = 0.1
    """Strength of the pull to the reference, 1/nats, > 0. 0.1 is the usual value."""

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"beta is {self.beta}; it must be positive and finite")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate and `BETA`."""
        return {**harness.LEARNING_RATE_ALONE, "beta": BETA}

    def needs(self) -> frozenset[Need]:
        """Pairs."""
        return frozenset({"pairs"})

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) nats, see `dpo_loss`."""
        log_ratio = batch.log_ratio
        return dpo_loss(log_ratio[batch.chosen], log_ratio[batch.rejected], beta=self.beta)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) the implicit reward beta * l(y), up to a constant of the prompt."""
        return self.beta * batch.log_ratio

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """See `pair_diagnostics`."""
        return pair_diagnostics(batch, beta=self.beta)


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `dpo`."""
    return [DPO]
