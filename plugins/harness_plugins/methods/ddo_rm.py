"""DDO-RM: shift the policy's distribution over a prompt's candidates towards reward, and fit the policy to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import harness
from harness_plugins.methods.per_prompt import best, cross_entropy, log_softmax_per_prompt, sum_per_prompt

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need
    from harness.method import Unit


def reward_model() -> harness.Column:
    """The reward column of the paper: a Bradley-Terry model of the training pairs."""
    from harness_plugins.columns.reward_model import RewardModel

    return RewardModel()


def log_improved(scores: Tensor, rewards: Tensor, prompt: Tensor, *, eta: float, tau: float) -> Tensor:
    """(responses,) nats: log q = log softmax((s + eta * r~) / tau) over the candidates of each prompt.

    r~ = r - E_p r, p = softmax(s / tau). Centring changes neither q nor its gradient; it keeps large rewards from
    drowning s in rounding. q maximises E_q r - (tau / eta) KL(q || p) over distributions on the candidates.

    Args:
        scores: (responses,) s, mean log-probs, nats per token; q is differentiable in them.
        rewards: (responses,) r, in the reward's own unit.
        prompt: (responses,) int64, which prompt each candidate answers.
        eta: step, nats per token per unit of reward, >= 0; 0 gives p.
        tau: temperature, nats per token, > 0.

    Source: arXiv:2604.11119, read in the authors' benchmark code.
    """
    p = log_softmax_per_prompt(scores.detach() / tau, prompt).exp()
    centred = rewards - sum_per_prompt(p * rewards, prompt)[prompt]
    return log_softmax_per_prompt((scores + eta * centred) / tau, prompt)


@dataclass(frozen=True)
class DDORM(harness.Method):
    """Distribution-level improvement after reward learning: cross-entropy to a reward-tilted copy of the policy.

    No reference model: the policy of the step itself is the anchor, and it moves with every step.
    """

    name: ClassVar[str] = "ddo_rm"
    source: ClassVar[str] = "arXiv:2604.11119, authors' code (target: released); detached target: the paper's wording"

    eta: float = 1.0
    """How far a unit of reward tilts the target, nats per token per unit of reward, >= 0. The authors' value."""
    tau: float = 1.0
    """Temperature of both distributions over candidates, nats per token, > 0. The authors' value."""
    target: Literal["detached", "released"] = "detached"
    """Whether the gradient stops at the target ("detached", as the paper words it) or also passes through it
    ("released", as the published benchmark computes it; it sharpens the policy whatever the reward)."""
    reward: harness.Column = field(default_factory=reward_model)
    """The column that scores each candidate, in its own unit."""

    def __post_init__(self) -> None:
        if not 0 <= self.eta < math.inf:
            raise ValueError(f"eta is {self.eta}; it must be finite and at least 0")
        if not 0 < self.tau < math.inf:
            raise ValueError(f"tau is {self.tau}; it must be positive and finite")
        if self.target not in ("detached", "released"):
            raise ValueError(f'target is {self.target!r}; it must be "detached" or "released"')

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

    def _log_target(self, batch: harness.Batch) -> Tensor:
        rewards = batch.column(self.reward.name)
        log_q = log_improved(batch.policy.mean, rewards, batch.prompt, eta=self.eta, tau=self.tau)
        return log_q if self.target == "released" else log_q.detach()

    def terms(self, batch: harness.Batch) -> Tensor:
        """(prompts,) nats: the cross-entropy of `log_improved` and the policy's own softmax over the candidates."""
        return cross_entropy(batch.policy.mean, self._log_target(batch).exp(), batch.prompt, tau=self.tau)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) nats per token: log pi(y|x) / |y|, which is what is trained; no reference in it."""
        return batch.policy.mean

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """Means over prompts. `target_kl`: KL(q || p), `target_entropy`: H(q), both in nats. `best_first`: how often
        the policy's first candidate is the one of largest reward, ties shared. `policy_reward`, `target_reward`:
        the reward expected under p and under q.
        """
        rewards, prompt = batch.column(self.reward.name), batch.prompt
        log_p = log_softmax_per_prompt(batch.policy.mean.detach() / self.tau, prompt)
        log_q = self._log_target(batch).detach()
        p, q = log_p.exp(), log_q.exp()
        first_is_best = best(log_p, prompt) * (best(rewards, prompt) > 0)
        return {
            "target_kl": sum_per_prompt(q * (log_q - log_p), prompt).mean(),
            "target_entropy": -sum_per_prompt(q * log_q, prompt).mean(),
            "best_first": sum_per_prompt(first_is_best, prompt).mean(),
            "policy_reward": sum_per_prompt(p * rewards, prompt).mean(),
            "target_reward": sum_per_prompt(q * rewards, prompt).mean(),
        }


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `ddo_rm`."""
    return [DDORM]
