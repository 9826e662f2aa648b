"""Hybrid preference optimisation: DPO on the pairs, and the KL to the reference on the policy's own samples."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness
from harness_plugins.methods.dpo import BETA, dpo_loss, pair_diagnostics

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need


def kl_surrogate(policy: Tensor, reference: Tensor, prompt: Tensor, prompts: int) -> Tensor:
    """(prompts,) mean over a prompt's samples of lp(y_i) * sg[l(y_i) - mean of l(y_j) over its other samples].

    Its gradient in the policy is an unbiased estimate of that of KL(pi || pi_ref), by the score function with
    leave-one-out baselines (RLOO). Its value estimates nothing. l is held fixed: on samples of pi, the gradient through
    l has expectation zero. A prompt's only sample has no baseline; a prompt without samples gets 0.

    Args:
        policy: (samples,) nats, lp(y) = log pi(y|x), summed over tokens; differentiable.
        reference: (samples,) nats, likewise under pi_ref.
        prompt: (samples,) int64, which prompt each answers.
        prompts: how many there are.

    Source: Song et al. 2024, arXiv:2406.01462: reverse KL on fresh samples by RLOO, from summaries of the paper; the
    formula from memory, and derived: E[l grad lp] = grad KL, as the score has mean zero.
    """
    ratio = (policy - reference).detach()
    zeros = ratio.new_zeros(prompts)
    count = zeros.index_add(0, prompt, ratio.new_ones(len(ratio)))
    others = count[prompt] - 1
    baseline = (zeros.index_add(0, prompt, ratio)[prompt] - ratio) / others.clamp(min=1)
    advantage = ratio - baseline.where(others > 0, 0.0)
    return zeros.index_add(0, prompt, policy * advantage) / count.clamp(min=1)


@dataclass(frozen=True)
class HyPO(harness.Method):
    """DPO plus `lam` times the KL to the reference, estimated on `k` responses drawn before each step.

    The pairs teach what is preferred; DPO leaves open what happens to all other text, and the samples hold that. Every
    pair carries the KL term of its prompt, so a prompt with several pairs counts several times in both parts.
    """

    name: ClassVar[str] = "hypo"
    source: ClassVar[str] = "arXiv:2406.01462; structure from summaries, formula from memory and derived"

    beta: float = 0.1
    """Strength of the pull to the reference, 1/nats, > 0. Default: DPO's, our choice; the paper's is 0.05 as we
    remember it."""
    lam: float = 0.01
    """Weight of the KL on fresh samples, 1/nats, >= 0; 0 gives DPO, at the price of sampling. Default: our choice for
    responses of a few tokens; the paper's, for long ones, is 1e-4 as we remember it."""
    k: int = 2
    """Responses drawn per prompt and step, >= 1. Default: the paper's as we remember it; 1 has no baseline."""
    max_tokens: int = 32
    """Cap on a drawn response, tokens, >= 1; choose it so that few are left unfinished. What it stops is a sample of
    the process that stops there, and the KL is that of this process."""

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"beta is {self.beta}; it must be positive and finite")
        if not 0 <= self.lam < math.inf:
            raise ValueError(f"lam is {self.lam}; it must be finite and at least 0")
        if self.k < 1:
            raise ValueError(f"k is {self.k}; it must be at least 1")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens is {self.max_tokens}; it must be at least 1")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate, beta as DPO's, and `lam` around the row's own, which goes with the length of answers."""
        return {**harness.LEARNING_RATE_ALONE, "beta": BETA, "lam": harness.Around(10)}

    def needs(self) -> frozenset[Need]:
        """Pairs."""
        return frozenset({"pairs"})

    def sampling(self) -> harness.Sampling:
        """`k` responses per prompt."""
        return harness.Sampling(each=self.k, max_tokens=self.max_tokens)

    def terms(self, batch: harness.Batch) -> Tensor:
        """(pairs,) see `dpo_loss` and `kl_surrogate`. The value is not DPO's loss plus a KL; only the gradient is."""
        log_ratio, samples = batch.log_ratio, _samples(batch)
        surrogate = kl_surrogate(samples.policy.total, samples.reference, samples.prompt, int(batch.prompt.max()) + 1)
        contrast = dpo_loss(log_ratio[batch.chosen], log_ratio[batch.rejected], beta=self.beta)
        return contrast + self.lam * surrogate[batch.prompt[batch.chosen]]

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) the implicit reward beta * l(y), as DPO's."""
        return self.beta * batch.log_ratio

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """See `pair_diagnostics`; and `kl`, the mean of l over the samples: an unbiased estimate of KL(pi || pi_ref)
        per response in nats, single steps of which may be negative.
        """
        return {**pair_diagnostics(batch, beta=self.beta), "kl": _samples(batch).log_ratio.detach().mean()}


def _samples(batch: harness.Batch) -> harness.Samples:
    if batch.samples is None:
        raise harness.HarnessError("hypo was given no samples of the policy", fix="let the trainer draw them")
    return batch.samples


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `hypo`."""
    return [HyPO]
