"""The baseline that DDO-RM has to beat: maximum likelihood, among a prompt's candidates, of the one of most reward."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.ddo_rm import reward_model
from harness_plugins.methods.per_prompt import best, cross_entropy, log_softmax_per_prompt, sum_per_prompt

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need
    from harness.method import Unit


def reward_argmax_loss(scores: Tensor, rewards: Tensor, prompt: Tensor, *, tau: float) -> Tensor:
    """(prompts,) nats: -log softmax(scores / tau) of the candidate with the largest reward; candidates that tie share.

    It is DDO-RM's loss in the limit eta -> infinity, where the target is all on that candidate.

    Args:
        scores: (responses,) mean log-probs, nats per token.
        rewards: (responses,) in the reward's own unit; only their order within a prompt matters.
        prompt: (responses,) int64, which prompt each candidate answers.
        tau: temperature, nats per token, > 0.

    Source: our choice; the limit is derived. Equal shares of a tie are our choice: DDO-RM would share by p.
    """
    return cross_entropy(scores, best(rewards, prompt), prompt, tau=tau)


@dataclass(frozen=True)
class RewardArgmax(harness.Method):
    """DDO-RM's limit: maximum likelihood, among the candidates, of the one with the largest reward."""

    name: ClassVar[str] = "reward_argmax"
    source: ClassVar[str] = "our choice: the limit eta -> infinity of arXiv:2604.11119"

    tau: float = 1.0
    """Temperature of the policy's distribution over candidates, nats per token, > 0. DDO-RM's value."""
    reward: harness.Column = field(default_factory=reward_model)
    """The column that scores each candidate, in its own unit; only its order within a prompt matters."""

    def __post_init__(self) -> None:
        if not 0 < self.tau < math.inf:
            raise ValueError(f"tau is {self.tau}; it must be positive and finite")

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

    def terms(self, batch: harness.Batch) -> Tensor:
        """(prompts,) see `reward_argmax_loss`."""
        return reward_argmax_loss(batch.policy.mean, batch.column(self.reward.name), batch.prompt, tau=self.tau)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) nats per token: log pi(y|x) / |y|, as DDO-RM's."""
        return batch.policy.mean

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """Means over prompts: `best_first`, how often the policy's first candidate is the one of largest reward, ties
        shared; `policy_reward`, the reward expected under p.
        """
        rewards, prompt = batch.column(self.reward.name), batch.prompt
        log_p = log_softmax_per_prompt(batch.policy.mean.detach() / self.tau, prompt)
        first_is_best = best(log_p, prompt) * (best(rewards, prompt) > 0)
        return {
            "best_first": sum_per_prompt(first_is_best, prompt).mean(),
            "policy_reward": sum_per_prompt(log_p.exp() * rewards, prompt).mean(),
        }


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `reward_argmax`."""
    return [RewardArgmax]
