"""Supervised fine-tuning on the desirable responses: the row that every preference method has to beat."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness

if TYPE_CHECKING:
    from torch import Tensor

    from harness.examples import Need
    from harness.method import Unit


def negative_log_likelihood(logp: Tensor, desirable: Tensor) -> Tensor:
    """(labels,) nats: -log pi(y|x) of a desirable response, exactly 0 (gradient too) of an undesirable one.

    Args:
        logp: (labels,) nats, summed over response tokens.
        desirable: (labels,) bool.

    Source: maximum likelihood.
    """
    import torch

    return torch.where(desirable, -logp, torch.zeros_like(logp))


@dataclass(frozen=True)
class SFT(harness.Method):
    """Maximum likelihood of the desirable responses, per token.

    It reads no reference and no undesirable response. The objective of a step is nats per token: the summed negative
    log-likelihood of the step's desirable responses over the number of their tokens, as language models are usually
    fine-tuned, so a long response weighs more. A step without a desirable response has objective 0.
    """

    name: ClassVar[str] = "sft"
    source: ClassVar[str] = "maximum likelihood; mean over tokens"

    def search_space(self) -> harness.SearchSpace:
        """The learning rate alone; there is nothing else."""
        return harness.LEARNING_RATE_ALONE

    def needs(self) -> frozenset[Need]:
        """Labels; pairs are split into them."""
        return frozenset({"labels"})

    def unit(self) -> Unit:
        """A labelled response."""
        return "label"

    def train_columns(self) -> tuple[str, ...]:
        """None."""
        return ()

    def score_columns(self) -> tuple[str, ...]:
        """None."""
        return ()

    def learns_from(self, example: harness.Example) -> Iterable[int]:
        """The desirable responses. The others are not computed; they still count as seen."""
        return (label.response for label in example.labels if label.desirable)

    def terms(self, batch: harness.Batch) -> Tensor:
        """(labels,) nats, see `negative_log_likelihood`."""
        return negative_log_likelihood(batch.policy.total[batch.labelled], batch.desirable)

    def linear_reduce(self) -> bool:
        """True: the weights of the terms are known before any log-prob is."""
        return True

    def reduce(self, terms: Tensor, batch: harness.Batch) -> Tensor:
        """() nats per token. Linear in the terms: token counts do not depend on the policy."""
        tokens = batch.policy.tokens[batch.labelled][batch.desirable].sum()
        return terms.sum() / tokens.clamp(min=1)

    def score(self, batch: harness.Batch) -> Tensor:
        """(responses,) nats: log pi(y|x), summed. What was trained is a likelihood, with no reference to compare it
        with, so the likelihood itself ranks. It favours short responses; `preference` reports the mean as well.
        """
        return batch.policy.total


@harness.hookimpl
def harness_methods() -> Iterable[type[harness.Method]]:
    """Offers `sft`."""
    return [SFT]
