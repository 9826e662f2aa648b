"""Sums, maxima and softmaxes over the candidates of each prompt, in flat and ragged tensors.

`prompt` says to which prompt each candidate belongs: (responses,) int64, counted from 0, none left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def sum_per_prompt(values: Tensor, prompt: Tensor) -> Tensor:
    """(prompts,) sums of (responses,) values."""
    return values.new_zeros(int(prompt.max()) + 1).index_add(0, prompt, values)


def peaks(values: Tensor, prompt: Tensor) -> Tensor:
    """(responses,) the largest value among the candidates of the same prompt, without a gradient."""
    values = values.detach()
    return values.scatter_reduce(0, prompt, values, "amax", include_self=False)[prompt]


def log_softmax_per_prompt(values: Tensor, prompt: Tensor) -> Tensor:
    """(responses,) values - log sum exp(values), the sum over the candidates of the same prompt."""
    shifted = values - peaks(values, prompt)
    return shifted - sum_per_prompt(shifted.exp(), prompt)[prompt].log()


def best(values: Tensor, prompt: Tensor) -> Tensor:
    """(responses,) 1 where the value is its prompt's largest, else 0; m that tie have 1/m each. Without a gradient."""
    top = (values.detach() == peaks(values, prompt)).to(values.dtype)
    return top / sum_per_prompt(top, prompt)[prompt]


def cross_entropy(scores: Tensor, target: Tensor, prompt: Tensor, *, tau: float) -> Tensor:
    """(prompts,) nats: -sum over the prompt's K candidates of target * log softmax(scores / tau).

    Args:
        scores: (responses,) one number per candidate.
        target: (responses,) a distribution over the candidates of each prompt; sums to 1 per prompt.
        prompt: (responses,) int64.
        tau: temperature in the unit of `scores`, > 0.
    """
    return -sum_per_prompt(target * log_softmax_per_prompt(scores / tau, prompt), prompt)
