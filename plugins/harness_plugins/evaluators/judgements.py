"""Held-out judgements and the scores they are compared with, laid out flat."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import harness
from harness.evaluator import Unit
from harness_plugins.evaluators.prompts import prompt_groups


@dataclass(frozen=True)
class Judgements:
    """Judged occurrences of responses; one that won three pairs stands here three times. An item is an example."""

    items: tuple[str, ...]
    """(N,) example ids."""
    response: np.ndarray
    """(n,) index into the responses of all examples, one example after the other."""
    positive: np.ndarray
    """(n,) bool: chosen (or labelled desirable) there, else rejected (or undesirable)."""
    item: np.ndarray
    """(n,) index into `items`."""
    groups: tuple[str, ...] | None = None
    """(N,) what names the prompt of each item; None where no two items share one."""

    @property
    def group(self) -> np.ndarray:
        """(N,) int, 0 to G - 1: the group of each item; items themselves where none share a prompt."""
        if self.groups is None:
            return np.arange(len(self.items))
        place = {name: index for index, name in enumerate(dict.fromkeys(self.groups))}
        return np.array([place[name] for name in self.groups], dtype=np.int64)

    def per_item(self, of_groups: np.ndarray) -> np.ndarray:
        """(N,) values whose mean is that of values of groups, and which `Figure.clusters` turns into these again.

        With n_g of the N items in group g: mean + N / (G n_g) (value - mean), the value itself where groups are equal
        in size.

        Args:
            of_groups: (G,).
        """
        group, mean = self.group, of_groups.mean()
        size = np.bincount(group)
        return (mean + len(group) / (len(size) * size) * (of_groups - mean))[group]

    def part(self, pairs: np.ndarray) -> Judgements:
        """The judgements of some pairs, and their items. Only for what `from_pairs` made.

        Args:
            pairs: (pairs,) bool, at least one true.
        """
        both = np.flatnonzero(np.concatenate([pairs, pairs]))
        there, item = np.unique(self.item[both], return_inverse=True)
        groups = None if self.groups is None else tuple(self.groups[i] for i in there)
        return Judgements(
            items=tuple(self.items[i] for i in there),
            response=self.response[both],
            positive=self.positive[both],
            item=item,
            groups=None if groups is None or len(set(groups)) == len(groups) else groups,
        )

    @property
    def ideal(self) -> np.ndarray:
        """(n,) the score with the largest AUC there is: in which fraction of its occurrences a response is positive.

        Source: Neyman and Pearson; any increasing function of the likelihood ratio.
        """
        return (np.bincount(self.response, self.positive) / np.maximum(np.bincount(self.response), 1))[self.response]

    def sides(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(pairs,) scores of the chosen and of the rejected responses. Only for what `from_pairs` made.

        Args:
            scores: (responses of all examples,).
        """
        pairs = len(self.response) // 2
        return scores[self.response[:pairs]], scores[self.response[pairs:]]

    def item_means(self, values: np.ndarray) -> np.ndarray:
        """(N,) per item, the mean of a value per pair. Only for what `from_pairs` made."""
        item = self.item[: len(values)]
        return np.bincount(item, values) / np.bincount(item)


def from_pairs(examples: Sequence[harness.Example]) -> Judgements:
    """The chosen occurrences of all pairs, then, in the same order, the rejected ones."""
    starts = _starts(examples)
    chosen = [start + pair.chosen for e, start in zip(examples, starts, strict=True) for pair in e.pairs]
    rejected = [start + pair.rejected for e, start in zip(examples, starts, strict=True) for pair in e.pairs]
    item = [index for index, e in enumerate(examples) for _ in e.pairs]
    return Judgements(
        items=tuple(e.id for e in examples),
        response=np.array(chosen + rejected, dtype=np.int64),
        positive=np.arange(2 * len(chosen)) < len(chosen),
        item=np.array(item + item, dtype=np.int64),
        groups=prompt_groups([e.prompt for e in examples]),
    )


def from_labels(examples: Sequence[harness.Example]) -> Judgements:
    """All labelled occurrences."""
    starts = _starts(examples)
    labels = [(index, label) for index, e in enumerate(examples) for label in e.labels]
    return Judgements(
        items=tuple(e.id for e in examples),
        response=np.array([starts[index] + label.response for index, label in labels], dtype=np.int64),
        positive=np.array([label.desirable for _, label in labels], dtype=bool),
        item=np.array([index for index, _ in labels], dtype=np.int64),
        groups=prompt_groups([e.prompt for e in examples]),
    )


def _starts(examples: Sequence[harness.Example]) -> list[int]:
    return [0, *np.cumsum([len(e.responses) for e in examples]).tolist()][:-1]


@dataclass(frozen=True)
class Ordering:
    """One way to score responses."""

    suffix: str
    """Of the metric's name."""
    about: str
    unit: Unit
    scores: np.ndarray
    """(responses of all examples,) float64, finite."""


def orderings(examples: Sequence[harness.Example], scored: Sequence[harness.Scored]) -> tuple[Ordering, ...]:
    """The three ways that held-out responses are ranked; the row's own score alone where it has no language model.

    Raises:
        HarnessError: a number of the policy is not finite; the message names the first such response.
    """
    for example, numbers in zip(examples, scored, strict=True):
        for what, values in (("log-prob", numbers.logp), ("score", numbers.score)):
            if values is not None and not np.isfinite(values).all():
                worst = int(np.flatnonzero(~np.isfinite(values))[0])
                raise harness.HarnessError(
                    f"the {what} of response {worst} to example {example.id!r} is {values[worst]}",
                    fix="the policy has probably diverged: lower the row's learning rate, or see its training metrics",
                )
    own = np.concatenate([s.score for s in scored]).astype(np.float64)
    ways = (Ordering("", "the row's own score", "nats", own),)
    summed = [s.logp for s in scored if s.logp is not None]
    if len(summed) < len(scored):
        return ways
    logp = np.concatenate(summed).astype(np.float64)
    tokens = np.concatenate([s.tokens for s in scored])
    return (
        *ways,
        Ordering("_logp", "the policy's summed log-prob", "nats", logp),
        Ordering("_mean_logp", "the policy's mean log-prob per token", "nats/token", logp / tokens),
    )
