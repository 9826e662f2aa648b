"""Kahneman-Tversky optimisation: gains and losses of single responses, relative to how far the policy has moved."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need
    from harness.method import Unit

MISMATCHED = "responses under another prompt, to estimate the KL"
"""What the ledger calls them."""


def kto_loss(log_ratio: Tensor, desirable: Tensor, kl: Tensor, *, beta: float) -> Tensor:
    """(labels,) 1 - sigmoid(beta (l - kl)) of a desirable response, 1 - sigmoid(beta (kl - l)) of an undesirable one.

    Between 0 and 1; 1/2 at the reference. Responses far from `kl` on either side have next to no gradient.

    Args:
        log_ratio: (labels,) nats, l(y) = log pi(y|x) - log pi_ref(y|x), summed over tokens.
        desirable: (labels,) bool.
        kl: () nats, the reference point z0, see `reference_point`; no gradient passes through it.
        beta: 1/nats, > 0.

    Source: Ethayarajh et al. 2024, arXiv:2402.01306, eq. 7, with both weights 1; read in TRL 1.16.
    """
    import torch

    gain = beta * (log_ratio - kl.detach())
    return torch.sigmoid(torch.where(desirable, -gain, gain))


def reference_point(mismatched: Tensor) -> Tensor:
    """() nats: z0 = max(0, mean of l(y') over mismatched responses), a shared estimate of KL(pi || pi_ref).

    It is biased, and low: y' was given to another prompt, and was not drawn from pi. What it is there for is one scale
    for all responses of a step.

    Args:
        mismatched: (mismatched,) nats, l(y') = log pi(y'|x) - log pi_ref(y'|x), x not the prompt that y' answers.

    Source: Ethayarajh et al. 2024, arXiv:2402.01306; read in TRL 1.16.
    """
    return mismatched.detach().mean().clamp(min=0)


def other_prompts(examples: Sequence[harness.Example]) -> list[harness.Prompt]:
    """Per example, the prompt of the next one that has another; after the last comes the first.

    Raises:
        DataError: all have one prompt.
    """
    count = len(examples)
    found: dict[int, harness.Prompt] = {}
    for index in range(2 * count - 1, -1, -1):  # twice round, for what comes after the last
        this, after = index % count, (index + 1) % count
        if examples[after].prompt != examples[this].prompt:
            found[this] = examples[after].prompt
        elif after in found:
            found[this] = found[after]
    if count and not found:
        raise harness.DataError(
            "every example has the same prompt, so no response can be put to another one",
            fix="give kto examples of several prompts",
        )
    return [found[index] for index in range(count)]


@dataclass(frozen=True)
class KTO(harness.Method):
    """Kahneman-Tversky optimisation: desirable responses are to lie above a reference point, undesirable ones below.

    The reference point is an estimate, over the whole optimiser step, of how far the policy is from the reference.
    `prepare` puts every labelled response to the next example's prompt as well; these are measured, never learnt from.
    """

    name: ClassVar[str] = "kto"
    source: ClassVar[str] = "arXiv:2402.01306, eqs. 7 and 8, as in TRL 1.16; KL over the whole step: our choice"

    beta: float = 0.1
    """Steepness around the reference point, 1/nats, > 0. Default: TRL's."""
    desirable_weight: float = 1.0
    """Weight of desirable responses, >= 0; the paper's lambda_D."""
    undesirable_weight: float = 1.0
    """Weight of undesirable responses, >= 0; the paper's lambda_U. Its eq. 8 asks for classes in balance: lambda_D
    times the number of desirable ones is to be 1 to 4/3 times lambda_U times that of the others."""

    def __post_init__(self) -> None:
        if not 0 < self.beta < math.inf:
            raise ValueError(f"beta is {self.beta}; it must be positive and finite")
        for name in ("desirable_weight", "undesirable_weight"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be finite and at least 0")

    def search_space(self) -> harness.SearchSpace:
        """The learning rate and beta; the weights follow from the shares of the classes."""
        return {**harness.LEARNING_RATE_ALONE, "beta": harness.Range(0.01, 1.0, log=True, source="our choice")}

    def needs(self) -> frozenset[Need]:
        """Labels; pairs are split into them."""
        return frozenset({"labels"})

    def unit(self) -> Unit:
        """A labelled response."""
        return "label"

    def prepare(self, examples: harness.ExampleSet, seed: int) -> harness.ExampleSet:
        """Every example with its labelled responses once more, put to the prompt of the next example.

        Nothing is drawn: the order of the examples, which the row's seed decides, says which prompt is next. A step of
        n consecutive examples then measures the very responses that it learns from, under prompts that are its own
        but for one.
        """
        del seed
        prepared: list[harness.Example] = []
        added = 0
        for example, prompt in zip(examples, other_prompts(examples), strict=True):
            labelled = sorted({label.response for label in example.labels})
            own = [example.responses[index] for index in labelled]
            mismatched = tuple(harness.Response(r.text, source=r.source, prompt=prompt) for r in own)
            added += len(mismatched)
            prepared.append(dataclasses.replace(example, responses=(*example.responses, *mismatched)))
        return harness.ExampleSet(tuple(prepared), examples.ledger.plus(counted={MISMATCHED: added}))

    def measures(self, example: harness.Example) -> Iterable[int]:
        """What `prepare` added."""
        labelled = {label.response for label in example.labels}
        return (i for i, r in enumerate(example.responses) if r.prompt is not None and i not in labelled)

    def _reference_point(self, batch: harness.Batch) -> Tensor:
        if batch.measured is None:
            raise harness.HarnessError(
                "kto was given no responses under other prompts", fix="train on what its `prepare` returns"
            )
        return reference_point(batch.measured.log_ratio)

    def terms(self, batch: harness.Batch) -> Tensor:
        """(labels,) see `kto_loss`, times the weight of the label."""
        import torch

        loss = kto_loss(batch.log_ratio[batch.labelled], batch.desirable, self._reference_point(batch), beta=self.beta)
        return loss * torch.where(batch.desirable, self.desirable_weight, self.undesirable_weight)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) the implicit reward beta * l(y)."""
        return self.beta * batch.log_ratio

    def diagnostics(self, batch: harness.Batch) -> Mapping[str, Tensor]:
        """`reference_point` in nats; mean l per class, NaN if none."""
        log_ratio = batch.log_ratio.detach()[batch.labelled]
        return {
            "reference_point": self._reference_point(batch),
            "desirable_log_ratio": log_ratio[batch.desirable].mean(),
            "undesirable_log_ratio": log_ratio[~batch.desirable].mean(),
        }


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `kto`."""
    return [KTO]
