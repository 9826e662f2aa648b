"""Methods over a prompt's candidates, which a reward tells apart: what DDO-RM and its limit have in common."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import harness
from harness_plugins.methods.per_prompt import best, log_softmax_per_prompt, sum_per_prompt

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need
    from harness.method import Unit


def reward_model() -> harness.Column:
    """The reward column of DDO-RM's paper: a Bradley-Terry model of the training pairs."""
    from harness_plugins.columns.reward_model import RewardModel

    return RewardModel()


@dataclass(frozen=True)
class Rewarded(harness.Method):
    """Trains p = softmax(s / tau) over the candidates of a prompt, s the mean log-prob; no reference model."""

    tau: float = 1.0
    """Temperature of the distributions over candidates, nats per token, > 0. DDO-RM's authors' value."""
    reward: harness.Column = field(default_factory=reward_model)
    """The column that scores each candidate, in its own unit."""

    def __post_init__(self) -> None:
        if not 0 < self.tau < math.inf:
            raise ValueError(f"tau is {self.tau}; it must be positive and finite")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate and the temperature."""
        tau = harness.Range(0.1, 10.0, log=True, source="our choice; DDO-RM's authors' value is 1")
        return {**harness.LEARNING_RATE_ALONE, "tau": tau}

    def needs(self) -> frozenset[Need]:
        """At least two candidates per prompt."""
        return frozenset({"candidates"})

    def unit(self) -> Unit:
        """A prompt with its candidates."""
        return "prompt"

    def train_columns(self) -> tuple[harness.Column | str, ...]:
        """The reward."""
        return (self.reward,)

    def score_columns(self) -> tuple[harness.Column | str, ...]:
        """None."""
        return ()

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) nats per token: log pi(y|x) / |y|, which is what is trained; no reference in it."""
        return batch.policy.mean

    def log_p(self, batch: harness.Batch) -> Tensor:
        """(responses,) nats: log p, without a gradient."""
        return log_softmax_per_prompt(batch.policy.mean.detach() / self.tau, batch.prompt)

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """Means over prompts: `best_first`, how often the policy's first candidate is the one of largest reward, ties
        shared; `policy_reward`, the reward expected under p.
        """
        rewards, log_p = batch.column(self.reward.name), self.log_p(batch)
        first_is_best = best(log_p, batch.prompt) * (best(rewards, batch.prompt) > 0)
        return {
            "best_first": sum_per_prompt(first_is_best, batch.prompt).mean(),
            "policy_reward": sum_per_prompt(log_p.exp() * rewards, batch.prompt).mean(),
        }
