"""The baseline that DDO-RM has to beat: maximum likelihood, among a prompt's candidates, of the one of most reward."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.per_prompt import best, cross_entropy
from harness_plugins.methods.rewarded import Rewarded

if TYPE_CHECKING:
    from torch import Tensor


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
class RewardArgmax(Rewarded):
    """DDO-RM's limit: maximum likelihood, among the candidates, of the one with the largest reward. Only the order of
    the rewards within a prompt matters.
    """

    name: ClassVar[str] = "reward_argmax"
    source: ClassVar[str] = "our choice: the limit eta -> infinity of arXiv:2604.11119"

    def terms(self, batch: harness.Batch) -> Tensor:
        """(prompts,) see `reward_argmax_loss`."""
        return reward_argmax_loss(batch.policy.mean, batch.column(self.reward.name), batch.prompt, tau=self.tau)


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `reward_argmax`."""
    return [RewardArgmax]
