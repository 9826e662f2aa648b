"""Whether the policy ranks held-out responses as people did.

Each figure stands under three scores: the row's own score (no suffix), the policy's summed log-prob (`_logp`) and its
mean log-prob per token (`_mean_logp`). Own scores are comparable between responses to one prompt only, and their scale
belongs to the method. Log-probs come from a float32 pass over float32 weights, whatever the precision of a checkpoint
or of training; what is made of them here is float64.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import harness
from harness.examples import carries
from harness_plugins.evaluators.candidate_pairs import candidate_pairs
from harness_plugins.evaluators.judgements import Judgements, Ordering, from_labels, from_pairs, orderings
from harness_plugins.evaluators.preference_figures import (
    accuracy_figure,
    auc_figure,
    auc_within_figure,
    idealised_accuracy,
    margin_figures,
    ranking_accuracy,
    top1_figure,
)
from harness_plugins.evaluators.subsets import Kind, subsets_of


@dataclass(frozen=True)
class Preference(harness.Evaluator):
    """Accuracy, AUC and margins on held-out judgements: pairs, candidates with rewards, or unpaired labels."""

    name: ClassVar[str] = "preference"
    source: ClassVar[str] = "arXiv:2604.11119 (pooled AUC), arXiv:2405.19534 (ranking accuracy); others our choice"

    subsets: tuple[Kind, ...] = ("source", "length", "subset")
    """What the accuracy is broken down by: who wrote what, which response is longer, the data set's own parts."""
    least: int = 20
    """Pairs that a subset must have to stand on the board, at least 1."""
    prompt_clusters: int = 0
    """Clusters of prompts, by TF-IDF and k-means, that the accuracy is broken down by too; 0 or from 2 to 24."""
    betas: tuple[float, ...] = (0.1,)
    """Of DPO, > 0: one `idealised_accuracy_<beta>` each, where the data tell rater shares."""
    share_floor: float = 0.001
    """There, a share of 1 counts as 1 - this, and one of 0 as this, as in the paper: 0 to 1/2; 0 is the limit."""
    most_pairs: int = 10_000
    """Of a prompt whose scored candidates make more pairs than this, so many are drawn, the same for every row."""

    def __post_init__(self) -> None:
        for option, least in (("least", 1), ("prompt_clusters", 0), ("most_pairs", 1)):
            if getattr(self, option) < least:
                raise ValueError(f"{option} is {getattr(self, option)}; it must be at least {least}")
        if self.prompt_clusters == 1 or self.prompt_clusters > 24:
            raise ValueError(f"prompt_clusters is {self.prompt_clusters}; it must be 0 or from 2 to 24")
        if not all(math.isfinite(beta) and beta > 0 for beta in self.betas):
            raise ValueError(f"betas are {list(self.betas)}, not all of them above 0")
        if len({f"{beta:g}" for beta in self.betas}) < len(self.betas):
            raise ValueError(f"betas are {list(self.betas)}, one of them twice")
        if not 0 <= self.share_floor < 0.5:
            raise ValueError(f"share_floor is {self.share_floor}; it must be at least 0 and below 1/2")

    def evaluate(self, subject: harness.Subject) -> harness.Evaluation:
        """Pairs are used where there are pairs or candidates with rewards (all pairs of different reward), else labels.

        Raises:
            Unavailable: the held-out examples carry no judgement that can be used.
            HarnessError: the policy's numbers are not finite.
        """
        examples = subject.examples()
        carried = carries(examples)
        if "pairs" in carried or {"candidates", "rewards"} <= carried:
            return self._pairs(subject, examples)
        if "labels" in carried:
            return _labels(subject, examples)
        raise harness.Unavailable(
            f"needs held-out examples that all carry pairs, candidates with rewards, or labels; of {len(examples)} "
            f"examples all carry {', '.join(sorted(carried)) or 'none of these'}",
            fix="hold out judged examples",
        )

    def _pairs(self, subject: harness.Subject, given: harness.ExampleSet) -> harness.Evaluation:
        examples = given if "pairs" in carries(given) else candidate_pairs(given, self.most_pairs)
        if not examples:
            raise harness.Unavailable(
                "every held-out prompt has candidates of equal reward only, so nothing is preferred",
                fix="hold out candidates whose rewards differ",
            )
        ways = orderings(examples, subject.score(examples))
        judged = from_pairs(examples)
        parts, left_out = subsets_of(examples, self.subsets, self.prompt_clusters, self.least)
        counted = _newly_counted(given.ledger, examples.ledger) + Counter(left_out)
        several = "rewards" in carries(examples) and any(len(e.responses) > 2 for e in examples)
        figures: list[harness.Figure] = []
        for order in ways:
            chosen, rejected = judged.sides(order.scores)
            counted["pairs"] = len(chosen)
            counted[f"pairs tied under {order.about}"] = int((chosen == rejected).sum())
            figures += [accuracy_figure(judged, order), auc_figure(judged, order, "chosen", "rejected")]
            figures += [auc_within_figure(judged, order), *margin_figures(judged, order)]
            if several:
                figures.append(top1_figure(judged, order, examples))
        for order, name in zip(ways[1:], ("ranking_accuracy", "ranking_accuracy_mean"), strict=False):
            figures.append(ranking_accuracy(judged, order, f"preference/{name}"))
        figures += self._idealised(subject, examples, judged, counted)
        figures += [accuracy_figure(judged, order, part) for order in ways[:2] for part in parts]
        return harness.Evaluation(tuple(figures), counted=dict(counted))

    def _idealised(
        self, subject: harness.Subject, examples: harness.ExampleSet, judged: Judgements, counted: Counter[str]
    ) -> list[harness.Figure]:
        told = [pair.share for e in examples for pair in e.pairs]
        share = np.array([math.nan if s is None else s for s in told], dtype=np.float64)
        if not self.betas or not np.isfinite(share).any():
            return []
        counted["pairs whose raters were split in halves"] = int((share == 0.5).sum())
        counted["pairs without a rater share"] = int(np.isnan(share).sum())
        reference = np.concatenate(subject.reference_logps(examples)).astype(np.float64)
        found = [idealised_accuracy(judged, share, reference, beta, self.share_floor) for beta in self.betas]
        return [figure for figure in found if figure is not None]


def _newly_counted(before: harness.Ledger, after: harness.Ledger) -> Counter[str]:
    """What a conversion dropped or counted."""
    return Counter(after.counted) + Counter(after.dropped) - Counter(before.counted) - Counter(before.dropped)


def _labels(subject: harness.Subject, examples: harness.ExampleSet) -> harness.Evaluation:
    judged = from_labels(examples)
    desirable = int(judged.positive.sum())
    undesirable = len(judged.positive) - desirable
    if not desirable or not undesirable:
        raise harness.Unavailable(
            f"an AUC needs both classes; the held-out responses are {desirable} desirable and {undesirable} undesirable"
        )
    ways: tuple[Ordering, ...] = orderings(examples, subject.score(examples))
    figures = tuple(auc_figure(judged, order, "desirable", "undesirable") for order in ways)
    return harness.Evaluation(figures, counted={"desirable": desirable, "undesirable": undesirable})


@harness.hookimpl
def harness_evaluators() -> Iterable[type[harness.Evaluator]]:
    """Offers `preference`."""
    return [Preference]
