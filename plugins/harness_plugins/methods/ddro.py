"""Direct density-ratio optimisation with the logistic loss: fit the distribution of desirable responses.

Our derivation from the paper's set-up (arXiv:2505.07558), not "DDRO as published": which convex function the paper
uses, how it is stabilised and its settings could not be read. Set-up, from the abstract and a review of the paper:
p+ and p- are the distributions of desirable and undesirable responses, and the reference is their mixture,
pi_ref = t p+ + (1 - t) p-. The rest is derived:

- With pi in the place of p+ the class ratio p- / p+ becomes g = (1/u - t) / (1 - t), u = pi / pi_ref = exp(l).
- Bregman divergence of ratios with f(g) = g log g - (1 + g) log(1 + g): a desirable response costs log(1 + g), an
  undesirable one log(1 + 1/g). It is the log-loss of a classifier with P(desirable | x, y) = t u; both cost log 2 at
  the reference.
- g is positive only while t u < 1. Beyond t u = 1 - eps each term follows its tangent in l (our choice), except the
  desirable term for t <= 1/2, whose curve goes on for ever with a slope between -1 and 0.

Both terms leave the curve at the same point, so the slope of the expected loss stays what it was there. Where every
answer has P(desirable | x, y) <= 1 - eps the minimiser is therefore p+ as before; gradients are bounded, and a
rejected response that has become too likely is still pushed down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need
    from harness.method import Unit


def log1mexp(x: Tensor) -> Tensor:
    """(any shape) log(1 - exp(x)) for x < 0, to full precision at both ends."""
    import torch

    near = x > -math.log(2)
    # Each branch gets a harmless value where the other holds: its infinity would become a NaN gradient in torch.where.
    close = torch.log(-torch.expm1(x.masked_fill(~near, -1.0)))
    far = torch.log1p(-torch.exp(x.masked_fill(near, -1.0)))
    return torch.where(near, close, far)


def log_class_ratio(log_ratio: Tensor, *, t: float) -> Tensor:
    """(any shape) log g, the modelled log of p-(y|x) / p+(y|x), of l = `log_ratio` in nats, l < -log t. Derived."""
    return log1mexp(log_ratio + math.log(t)) - log_ratio - math.log(1 - t)


def domain_limit(*, t: float, eps: float) -> float:
    """The l in nats at which t u = 1 - eps: where terms leave their curves for their tangents. Our choice."""
    return math.log((1 - eps) / t)


def desirable_term(log_ratio: Tensor, *, t: float, eps: float) -> Tensor:
    """log(1 + g) = log(1/u + 1 - 2t) - log(1 - t); for t = 1/2 it is log 2 - l, the log-likelihood of SFT.

    Args:
        log_ratio: l(y) = log pi(y|x) - log pi_ref(y|x), summed over tokens, nats; any shape, kept.
        t: share of desirable responses in the reference, in (0, 1).
        eps: distance from the end of the domain at which the tangent takes over (only for t > 1/2), in [1e-4, 0.5].

    Source: derived; the tangent is our choice.
    """
    import torch
    from torch.nn.functional import logsigmoid

    if t <= 0.5:
        rest = torch.full_like(log_ratio, 1 - 2 * t).log()
        return torch.logaddexp(-log_ratio, rest) - math.log(1 - t)
    inside = log_ratio.clamp(max=domain_limit(t=t, eps=eps))
    slope = -1 / (1 - (2 * t - 1) * (1 - eps) / t)
    return -logsigmoid(-log_class_ratio(inside, t=t)) + slope * (log_ratio - inside)


def undesirable_term(log_ratio: Tensor, *, t: float, eps: float) -> Tensor:
    """log(1 + 1/g) = log(1 + (1 - 2t) u) - log(1 - t u), continued along its tangent in l beyond t u = 1 - eps.

    Its slope grows from 0 to (1 - eps) (1 - t) / (eps (t + (1 - 2t) (1 - eps))) and stays there.

    Args:
        log_ratio: l(y), nats; any shape, kept.
        t: share of desirable responses in the reference, in (0, 1).
        eps: distance from the end of the domain at which the tangent takes over, in [1e-4, 0.5].

    Source: derived; the tangent is our choice.
    """
    from torch.nn.functional import logsigmoid

    inside = log_ratio.clamp(max=domain_limit(t=t, eps=eps))
    slope = (1 - eps) * (1 - t) / (eps * (t + (1 - 2 * t) * (1 - eps)))
    return -logsigmoid(log_class_ratio(inside, t=t)) + slope * (log_ratio - inside)


@dataclass(frozen=True)
class DDRO(harness.Method):
    """Density-ratio matching with the logistic loss, on unpaired labels; our derivation, not "DDRO as published"."""

    name: ClassVar[str] = "ddro"
    source: ClassVar[str] = "set-up: arXiv:2505.07558; loss: derived; tangent continuation: our choice"

    t: float | None = None
    """Share of desirable responses in the mixture that the reference models, in (0, 1); null: the training data's
    share, which is 1/2 for pairs."""
    eps: float = 0.01
    """The loss follows its tangent beyond pi / pi_ref = (1 - eps) / t; in [1e-4, 0.5]. No slope exceeds
    1/eps; below 1e-4 float32 no longer resolves the limit."""

    def __post_init__(self) -> None:
        if self.t is not None and not 0 < self.t < 1:
            raise ValueError(f"t is {self.t}; it must be between 0 and 1, both excluded, or null")
        if not 1e-4 <= self.eps <= 0.5:
            raise ValueError(f"eps is {self.eps}; it must be between 1e-4 and 0.5")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate, and where the tangent takes over; `t` follows from the data."""
        eps = harness.Range(1e-3, 0.3, log=True)
        return {**harness.LEARNING_RATE_ALONE, "eps": eps}

    def needs(self) -> frozenset[Need]:
        """Labels; pairs are split into them."""
        return frozenset({"labels"})

    def unit(self) -> Unit:
        """A labelled response."""
        return "label"

    def _share(self, batch: harness.Batch) -> float:
        share = batch.facts.desirable_share if self.t is None else self.t
        if not 0 < share < 1:
            raise harness.DataError(
                f"ddro takes t from the data, and there the share of desirable responses is {share}",
                fix="give data with desirable and undesirable responses, or state the option `t`",
            )
        return share

    def terms(self, batch: harness.Batch) -> Tensor:
        """(labels,) `desirable_term` or `undesirable_term`, by label."""
        import torch

        log_ratio, t = batch.log_ratio[batch.labelled], self._share(batch)
        return torch.where(
            batch.desirable,
            desirable_term(log_ratio, t=t, eps=self.eps),
            undesirable_term(log_ratio, t=t, eps=self.eps),
        )

    def linear_reduce(self) -> bool:
        """True: the weights of the terms are known before any log-prob is."""
        return True

    def reduce(self, terms: Tensor, batch: harness.Batch) -> Tensor:
        """() mean over desirable plus mean over undesirable responses, each with weight 1; an absent class adds 0."""
        good = batch.desirable
        return terms[good].sum() / good.sum().clamp(min=1) + terms[~good].sum() / (~good).sum().clamp(min=1)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) l(y) in nats: g falls as l rises, so l ranks (derived)."""
        return batch.log_ratio

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """`continued`: fraction of labelled responses whose term is on its tangent; mean l per class, NaN if none."""
        log_ratio, t = batch.log_ratio.detach()[batch.labelled], self._share(batch)
        continued = (log_ratio > domain_limit(t=t, eps=self.eps)) & (~batch.desirable | (t > 0.5))
        return {
            "continued": continued.to(log_ratio.dtype).mean(),
            "desirable_log_ratio": log_ratio[batch.desirable].mean(),
            "undesirable_log_ratio": log_ratio[~batch.desirable].mean(),
        }


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `ddro`."""
    return [DDRO]
