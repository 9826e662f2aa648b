"""Whether the policy ranks held-out responses as people did.

Each figure stands under three scores: the row's own score (no suffix), the policy's summed log-prob (`_logp`) and its
mean log-prob per token (`_mean_logp`). Own scores are comparable between responses to one prompt only, and their scale
belongs to the method.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

import harness
from harness.conversions import pairs_from_rewards
from harness.evaluator import Unit
from harness.examples import carries
from harness_plugins.evaluators.judgements import Judgements, Ordering, from_labels, from_pairs, orderings
from harness_plugins.evaluators.ranking_statistics import (
    Jackknifed,
    auc,
    auc_jackknife,
    auc_within,
    standard_deviation_jackknife,
)


def _mean(
    metric: str, values: np.ndarray, judged: Judgements, about: str, unit: Unit = "fraction", best: float | None = None
) -> harness.Figure:
    """A figure that is a mean over items. Fractions are better the larger they are; a margin's size is only a scale."""
    better = True if unit == "fraction" else None
    value, items = float(values.mean()), judged.items
    return harness.Figure(metric, value, unit, better, items, tuple(values.tolist()), best=best, about=about)


def _statistic(
    metric: str, found: Jackknifed, judged: Judgements, about: str, unit: Unit = "fraction", best: float | None = None
) -> harness.Figure:
    """A figure that is no mean over items."""
    better = True if unit == "fraction" else None
    values = None if found.pseudo is None else tuple(found.pseudo.tolist())
    pseudo = values is not None
    return harness.Figure(metric, found.value, unit, better, judged.items, values, pseudo, best, about)


def _informative(best: float) -> float | None:
    """The best value of an AUC where responses that are chosen here and rejected there keep it below 1."""
    return best if best < 1 else None


def auc_figure(judged: Judgements, order: Ordering, positive: str, negative: str) -> harness.Figure:
    """`preference/auc`: pooled over prompts, as the DDO-RM benchmark has it (arXiv:2604.11119, authors' code)."""
    return _statistic(
        f"preference/auc{order.suffix}",
        auc_jackknife(order.scores[judged.response], judged.positive, judged.item),
        judged,
        f"How often a {positive} response has more of {order.about} than one of any prompt that is {negative}, ties "
        "half (the area under the ROC curve, prompts pooled); differences between prompts count too.",
        best=_informative(auc(judged.ideal, judged.positive)),
    )


def auc_within_figure(judged: Judgements, order: Ordering) -> harness.Figure:
    """`preference/auc_within`: the same statistic for each prompt alone, then the mean."""
    best = auc_within(judged.ideal, judged.positive, judged.item).mean()
    return _mean(
        f"preference/auc_within{order.suffix}",
        auc_within(order.scores[judged.response], judged.positive, judged.item),
        judged,
        f"The AUC within each prompt under {order.about}, mean over prompts; the accuracy where prompts have one pair.",
        best=_informative(float(best)),
    )


def accuracy_figure(judged: Judgements, order: Ordering) -> harness.Figure:
    """`preference/accuracy`: ties count half."""
    chosen, rejected = judged.sides(order.scores)
    return _mean(
        f"preference/accuracy{order.suffix}",
        judged.item_means((np.sign(chosen - rejected) + 1) / 2),
        judged,
        f"Held-out pairs whose chosen response has more of {order.about}; ties half, mean over a prompt's pairs first.",
    )


def margin_figures(judged: Judgements, order: Ordering) -> list[harness.Figure]:
    """`preference/margin` and, from two pairs on, `preference/margin_sd`."""
    chosen, rejected = judged.sides(order.scores)
    margin = chosen - rejected
    about = f"Chosen minus rejected under {order.about}, mean over prompts: above 0 is right, its size is only a scale."
    mean = _mean(f"preference/margin{order.suffix}", judged.item_means(margin), judged, about, order.unit)
    if len(margin) < 2:
        return [mean]
    spread = standard_deviation_jackknife(margin, judged.item[: len(margin)])
    about = f"Standard deviation over pairs of chosen minus rejected under {order.about}."
    return [mean, _statistic(f"preference/margin_sd{order.suffix}", spread, judged, about, order.unit)]


def ranking_accuracy(judged: Judgements, order: Ordering, metric: str) -> harness.Figure:
    """1[lp_w >= lp_l] under the policy alone (Chen et al. 2024, arXiv:2405.19534); a tie is right, unlike elsewhere."""
    chosen, rejected = judged.sides(order.scores)
    return _mean(
        metric,
        judged.item_means((chosen >= rejected).astype(np.float64)),
        judged,
        f"Ranking accuracy of arXiv:2405.19534: pairs whose chosen response has at least as much of {order.about}; no "
        "reference, ties right.",
    )


def top1_figure(judged: Judgements, order: Ordering, examples: Sequence[harness.Example]) -> harness.Figure:
    """`preference/top1`: whether the response with the highest score is one of those with the highest reward."""
    hits: list[float] = []
    start = 0
    for example in examples:
        scores = order.scores[start : start + len(example.responses)]
        rewards = np.array([r.reward for r in example.responses], dtype=np.float64)
        start += len(example.responses)
        hits.append(float((rewards == rewards.max())[scores == scores.max()].mean()))
    return _mean(
        f"preference/top1{order.suffix}",
        np.array(hits),
        judged,
        f"Prompts whose response with the most of {order.about} has the highest reward; responses tied for it share.",
    )


def _newly_counted(before: harness.Ledger, after: harness.Ledger) -> Counter[str]:
    """What a conversion dropped or counted."""
    return Counter(after.counted) + Counter(after.dropped) - Counter(before.counted) - Counter(before.dropped)


@dataclass(frozen=True)
class Preference(harness.Evaluator):
    """Accuracy, AUC and margins on held-out judgements: pairs, candidates with rewards, or unpaired labels."""

    name: ClassVar[str] = "preference"
    source: ClassVar[str] = "arXiv:2604.11119 (pooled AUC), arXiv:2405.19534 (ranking accuracy); others our choice"

    def evaluate(self, subject: harness.Subject) -> harness.Evaluation:
        """Pairs are used where there are pairs or candidates with rewards (all pairs of different reward), else labels.

        Raises:
            Unavailable: the held-out examples carry no judgement that can be used.
            HarnessError: the policy's numbers are not finite.
        """
        examples = subject.examples()
        carried = carries(examples)
        if "pairs" in carried or {"candidates", "rewards"} <= carried:
            return _evaluate_pairs(subject, examples)
        if "labels" in carried:
            return _evaluate_labels(subject, examples)
        raise harness.Unavailable(
            f"needs held-out examples that all carry pairs, candidates with rewards, or labels; of {len(examples)} "
            f"examples all carry {', '.join(sorted(carried)) or 'none of these'}",
            fix="hold out judged examples",
        )


def _evaluate_pairs(subject: harness.Subject, given: harness.ExampleSet) -> harness.Evaluation:
    examples = given if "pairs" in carries(given) else pairs_from_rewards(given)
    if not examples:
        raise harness.Unavailable("every held-out prompt has candidates of equal reward only, so nothing is preferred")
    ways = orderings(examples, subject.score(examples))
    judged = from_pairs(examples)
    counted = _newly_counted(given.ledger, examples.ledger)
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
    return harness.Evaluation(tuple(figures), counted=dict(counted))


def _evaluate_labels(subject: harness.Subject, examples: harness.ExampleSet) -> harness.Evaluation:
    judged = from_labels(examples)
    desirable = int(judged.positive.sum())
    undesirable = len(judged.positive) - desirable
    if not desirable or not undesirable:
        raise harness.Unavailable(
            f"an AUC needs both classes; the held-out responses are {desirable} desirable and {undesirable} undesirable"
        )
    ways = orderings(examples, subject.score(examples))
    figures = tuple(auc_figure(judged, order, "desirable", "undesirable") for order in ways)
    return harness.Evaluation(figures, counted={"desirable": desirable, "undesirable": undesirable})


@harness.hookimpl
def harness_evaluators() -> Iterable[type[harness.Evaluator]]:
    """Offers `preference`."""
    return [Preference]
