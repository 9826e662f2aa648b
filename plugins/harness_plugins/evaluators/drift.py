"""How far the policy has moved from where it started, measured on text it writes itself.

All figures describe responses drawn at temperature 1 and cut at `max_tokens`: the distribution that is judged is the
one with that cap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import harness
from harness.evaluator import Unit
from harness_plugins.evaluators.prompts import distinct_prompts, shown


@dataclass(frozen=True)
class _Quantity:
    """One number of a sample, and the figure its mean makes."""

    metric: str
    unit: Unit
    higher_is_better: bool | None
    of: Callable[[harness.Sample], float]
    about: str


QUANTITIES = (
    _Quantity(
        "drift/kl",
        "nats",
        None,
        lambda s: s.logp - s.reference_logp,
        "KL(policy || reference) per response, estimated on the policy's own samples: log pi - log pi_ref; how far "
        "training moved it, neither good nor bad. Single samples may be negative.",
    ),
    _Quantity(
        "drift/length",
        "tokens",
        None,
        lambda s: s.tokens,
        "Length of the policy's own responses, cut at the cap, the end-of-sequence token included.",
    ),
    _Quantity(
        "drift/entropy",
        "nats",
        None,
        lambda s: -s.logp,
        "Entropy of a whole response, estimated as -log pi on the policy's own samples; near 0 it repeats itself.",
    ),
    _Quantity(
        "drift/unfinished",
        "fraction",
        False,
        lambda s: not s.finished,
        "Share of the policy's own responses that the length cap stopped before they ended.",
    ),
)


@dataclass(frozen=True)
class Drift(harness.Evaluator):
    """KL to the reference, length, entropy and unfinished share of the policy's own responses to held-out prompts."""

    name: ClassVar[str] = "drift"
    source: ClassVar[str] = "Monte-Carlo estimates from own samples; our choice"
    columns: ClassVar = "none"
    needs_language_model: ClassVar[bool] = True

    samples: int = 1
    """Responses drawn per prompt, at least 1."""
    max_tokens: int = 64
    """Longest response drawn, in tokens, at least 1."""
    prompts: int = 256
    """At most so many different held-out prompts, at least 1."""
    seed: int = 0
    """Of the draws, at least 0; the same for every row."""

    def __post_init__(self) -> None:
        for option, least in (("samples", 1), ("max_tokens", 1), ("prompts", 1), ("seed", 0)):
            if getattr(self, option) < least:
                raise ValueError(f"{option} is {getattr(self, option)}; it must be at least {least}")

    def evaluate(self, subject: harness.Subject) -> harness.Evaluation:
        """Figures per prompt: the mean over its samples. The texts are kept as generations.

        Raises:
            Unavailable: there are no held-out prompts, or this row has no language model to draw from.
            HarnessError: a sample's log-prob is not finite.
        """
        prompts = distinct_prompts(subject.examples(), self.prompts)
        if not prompts:
            raise harness.Unavailable("there are no held-out prompts to answer")
        drawn = subject.sample(prompts, each=self.samples, max_tokens=self.max_tokens, seed=self.seed)
        _check_finite(drawn)
        return harness.Evaluation(
            figures=tuple(_figure(quantity, prompts, drawn) for quantity in QUANTITIES),
            generations=tuple(
                harness.Generation(s.item, shown(prompts[s.item]), s.text, finished=s.finished) for s in drawn
            ),
            counted={
                "samples": len(drawn),
                "unfinished": sum(not s.finished for s in drawn),
                "empty responses": sum(not s.text for s in drawn),
            },
        )


def _check_finite(drawn: Sequence[harness.Sample]) -> None:
    for sample in drawn:
        if not np.isfinite([sample.logp, sample.reference_logp]).all():
            raise harness.HarnessError(
                f"a sample for {sample.item!r} has log-prob {sample.logp} under the policy and {sample.reference_logp} "
                "under its reference",
                fix="the policy has probably diverged: lower the row's learning rate, or see its training metrics",
            )


def _figure(
    quantity: _Quantity, prompts: Mapping[str, harness.Prompt], drawn: Sequence[harness.Sample]
) -> harness.Figure:
    per_item: dict[str, list[float]] = {item: [] for item in prompts}
    for sample in drawn:
        per_item[sample.item].append(float(quantity.of(sample)))
    values = tuple(float(np.mean(of_item)) for of_item in per_item.values())
    return harness.Figure(
        quantity.metric,
        float(np.mean(values)),
        quantity.unit,
        quantity.higher_is_better,
        tuple(per_item),
        values,
        about=quantity.about,
    )


@harness.hookimpl
def harness_evaluators() -> Iterable[type[harness.Evaluator]]:
    """Offers `drift`."""
    return [Drift]
