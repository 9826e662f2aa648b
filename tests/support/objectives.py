"""Small methods of every kind of reduction, and a few examples, for tests of the engine."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

import harness
from harness.examples import Example, Label, Pair, Response, user_prompt


@dataclass(frozen=True)
class PairLogistic(harness.Method):
    name: ClassVar[str] = "pair-logistic"
    source: ClassVar[str] = "test"

    def needs(self):
        return frozenset({"pairs"})

    def terms(self, batch):
        ratio = batch.log_ratio
        return -torch.nn.functional.logsigmoid(0.1 * (ratio[batch.chosen] - ratio[batch.rejected]))

    def score(self, batch):
        return batch.log_ratio


@dataclass(frozen=True)
class ClassMeans(PairLogistic):
    """A mean per class, added: linear, but its weights depend on the whole step."""

    name: ClassVar[str] = "class-means"

    def linear_reduce(self):
        return True

    def unit(self):
        return "label"

    def terms(self, batch):
        ratio = batch.log_ratio[batch.labelled]
        return torch.where(batch.desirable, -ratio, torch.nn.functional.softplus(ratio))

    def reduce(self, terms, batch):
        return terms[batch.desirable].mean() + terms[~batch.desirable].mean()


@dataclass(frozen=True)
class SoftMaximum(PairLogistic):
    """log-mean-exp over the step: not linear."""

    name: ClassVar[str] = "soft-maximum"

    def reduce(self, terms, batch):
        return terms.logsumexp(0) - np.log(len(terms))


@dataclass(frozen=True)
class BatchCentred(PairLogistic):
    """Terms that depend on the other items of the step."""

    name: ClassVar[str] = "batch-centred"

    def batch_statistic(self):
        return True

    def terms(self, batch):
        margin = batch.log_ratio[batch.chosen] - batch.log_ratio[batch.rejected]
        return (margin - margin.mean().detach() - 1) ** 2


@dataclass(frozen=True)
class OnPolicy(PairLogistic):
    """Reads fresh samples, of which there are as many to every prompt."""

    name: ClassVar[str] = "on-policy"
    each: int = 2
    max_tokens: int = 5

    def sampling(self):
        return harness.Sampling(self.each, self.max_tokens)

    def terms(self, batch):
        drawn = batch.samples
        value = (drawn.policy.total * drawn.log_ratio.detach() * drawn.finished.double().add(1)).view(-1, self.each)
        return super().terms(batch) + 0.1 * value.mean(1)[batch.prompt[batch.chosen]]


@dataclass(frozen=True)
class OnPolicySoftMaximum(OnPolicy, SoftMaximum):
    """Reads fresh samples, and is not linear."""

    name: ClassVar[str] = "on-policy-soft-maximum"


SAMPLING = [OnPolicy(), OnPolicySoftMaximum()]
METHODS = [PairLogistic(), ClassMeans(), SoftMaximum(), BatchCentred()]


def data(count=8):
    made = []
    for i in range(count):
        responses = tuple(
            Response(" ".join(f"w{(7 * i + 3 * k + j) % 60}" for j in range(1 + (i + k) % 5))) for k in (0, 1, 2)
        )
        pairs = (Pair(0, 1),) if i % 3 else (Pair(0, 1), Pair(2, 1))
        labels = tuple(Label(r, r != 1) for r in range(3 if i % 2 else 2))
        made.append(Example(f"e{i}", user_prompt(f"w{i} w{i + 9}"), responses, pairs, labels))
    return made
