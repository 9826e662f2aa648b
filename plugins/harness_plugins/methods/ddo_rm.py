"""DDO-RM: shift the policy's distribution over a prompt's candidates towards reward, and fit the policy to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import harness
from harness_plugins.methods.per_prompt import cross_entropy, log_softmax_per_prompt, sum_per_prompt
from harness_plugins.methods.rewarded import Rewarded

if TYPE_CHECKING:
    from torch import Tensor


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
class DDORM(Rewarded):
    """Distribution-level improvement after reward learning: cross-entropy to a reward-tilted copy of the policy.

    No reference model: the policy of the step itself is the anchor, and it moves with every step.
    """

    name: ClassVar[str] = "ddo_rm"
    source: ClassVar[str] = "arXiv:2604.11119, authors' code (target: released); detached target: the paper's wording"

    eta: float = 1.0
    """How far a unit of reward tilts the target, nats per token per unit of reward, >= 0. The authors' value."""
    target: Literal["detached", "released"] = "detached"
    """Whether the gradient stops at the target ("detached", as the paper words it) or also passes through it
    ("released", as the published benchmark computes it; it sharpens the policy whatever the reward)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.eta < math.inf:
            raise ValueError(f"eta is {self.eta}; it must be finite and at least 0")
        if self.target not in ("detached", "released"):
            raise ValueError(f'target is {self.target!r}; it must be "detached" or "released"')

    def search_space(self) -> harness.SearchSpace:
        """See `Rewarded`; and the step."""
        eta = harness.Range(0.1, 10.0, log=True, source="our choice; the authors' value is 1")
        return {**super().search_space(), "eta": eta}

    def _log_target(self, batch: harness.Batch) -> Tensor:
        rewards = batch.column(self.reward.name)
        log_q = log_improved(batch.policy.mean, rewards, batch.prompt, eta=self.eta, tau=self.tau)
        return log_q if self.target == "released" else log_q.detach()

    def terms(self, batch: harness.Batch) -> Tensor:
        """(prompts,) nats: the cross-entropy of `log_improved` and the policy's own softmax over the candidates."""
        return cross_entropy(batch.policy.mean, self._log_target(batch).exp(), batch.prompt, tau=self.tau)

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """See `Rewarded`; and means over prompts. `target_kl`: KL(q || p), `target_entropy`: H(q), both in nats.
        `target_reward`: the reward expected under q.
        """
        prompt, log_p, log_q = batch.prompt, self.log_p(batch), self._log_target(batch).detach()
        q = log_q.exp()
        return {
            "target_kl": sum_per_prompt(q * (log_q - log_p), prompt).mean(),
            "target_entropy": -sum_per_prompt(q * log_q, prompt).mean(),
            **super().diagnostics(batch),
            "target_reward": sum_per_prompt(q * batch.column(self.reward.name), prompt).mean(),
        }


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `ddo_rm`."""
    return [DDORM]
