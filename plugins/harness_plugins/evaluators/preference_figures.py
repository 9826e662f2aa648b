"""The figures of `preference`: what each is, under one way to score responses.

An item is an example; a value per pair is averaged over an example's pairs first. Examples that share a prompt are one
group (`Figure.clusters`). Where a figure is no mean over items, a jackknife leaves out a whole group at a time, for
what one example tells of another of its prompt is no second witness.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import harness
from harness.evaluator import Unit
from harness_plugins.evaluators.idealised import ranked_right_by_optimum
from harness_plugins.evaluators.judgements import Judgements, Ordering
from harness_plugins.evaluators.ranking_statistics import (
    Jackknifed,
    auc,
    auc_jackknife,
    auc_within,
    standard_deviation_jackknife,
)
from harness_plugins.evaluators.subsets import Subset


def _mean(
    metric: str,
    values: np.ndarray,
    judged: Judgements,
    about: str,
    unit: Unit = "fraction",
    higher_is_better: bool | None = True,
    best: float | None = None,
    subset: str = "",
) -> harness.Figure:
    """A figure that is a mean over items."""
    return harness.Figure(
        metric=metric,
        value=float(values.mean()),
        unit=unit,
        higher_is_better=higher_is_better,
        items=judged.items,
        values=tuple(values.tolist()),
        best=best,
        about=about,
        clusters=judged.groups,
        subset=subset,
    )


def _statistic(
    metric: str,
    found: Jackknifed,
    judged: Judgements,
    about: str,
    unit: Unit = "fraction",
    higher_is_better: bool | None = True,
    best: float | None = None,
) -> harness.Figure:
    """A figure that is no mean over items, from pseudo-values of groups."""
    return harness.Figure(
        metric=metric,
        value=found.value,
        unit=unit,
        higher_is_better=higher_is_better,
        items=judged.items,
        values=None if found.pseudo is None else tuple(judged.per_item(found.pseudo).tolist()),
        pseudo=found.pseudo is not None,
        best=best,
        about=about,
        clusters=judged.groups,
    )


def _informative(best: float) -> float | None:
    """The best value of an AUC where responses that are chosen here and rejected there keep it below 1."""
    return best if best < 1 else None


def auc_figure(judged: Judgements, order: Ordering, positive: str, negative: str) -> harness.Figure:
    """`preference/auc`: pooled over prompts, as the DDO-RM benchmark has it (arXiv:2604.11119, authors' code)."""
    return _statistic(
        f"preference/auc{order.suffix}",
        auc_jackknife(order.scores[judged.response], judged.positive, judged.group[judged.item]),
        judged,
        f"Area under the ROC curve of {order.about}, prompts pooled: how often a {positive} response has more of it "
        f"than one of any prompt that is {negative}, ties half. It moves with differences between prompts too.",
        best=_informative(auc(judged.ideal, judged.positive)),
    )


def auc_within_figure(judged: Judgements, order: Ordering) -> harness.Figure:
    """`preference/auc_within`: the same statistic for each example alone, then the mean."""
    best = auc_within(judged.ideal, judged.positive, judged.item).mean()
    return _mean(
        f"preference/auc_within{order.suffix}",
        auc_within(order.scores[judged.response], judged.positive, judged.item),
        judged,
        f"Area under the ROC curve of {order.about} within each example, then the mean; the accuracy where an example "
        "is one pair.",
        best=_informative(float(best)),
    )


def accuracy_figure(judged: Judgements, order: Ordering, subset: Subset | None = None) -> harness.Figure:
    """`preference/accuracy`: ties count half. Of a subset: of its pairs alone."""
    part = judged if subset is None else judged.part(subset.pairs)
    chosen, rejected = part.sides(order.scores)
    about = (
        f"Share of held-out pairs whose chosen response has more of {order.about} than the rejected one; a tie counts "
        "half; mean over an example's pairs first."
    )
    return _mean(
        f"preference/accuracy{order.suffix}",
        part.item_means((np.sign(chosen - rejected) + 1) / 2),
        part,
        about if subset is None else f"{about} Only pairs {subset.about}.",
        subset="" if subset is None else subset.name,
    )


def margin_figures(judged: Judgements, order: Ordering) -> list[harness.Figure]:
    """`preference/margin` and, from two pairs on, `preference/margin_sd`; a margin's size is only a scale."""
    chosen, rejected = judged.sides(order.scores)
    margin = chosen - rejected
    about = (
        f"Chosen minus rejected under {order.about}, mean over an example's pairs first: above 0 is right, its size is "
        "only a scale."
    )
    mean = _mean(f"preference/margin{order.suffix}", judged.item_means(margin), judged, about, order.unit, None)
    if len(margin) < 2:
        return [mean]
    spread = standard_deviation_jackknife(margin, judged.group[judged.item[: len(margin)]])
    about = f"Standard deviation over pairs, n - 1 in the denominator, of chosen minus rejected under {order.about}."
    return [mean, _statistic(f"preference/margin_sd{order.suffix}", spread, judged, about, order.unit, None)]


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


def idealised_accuracy(
    judged: Judgements, share: np.ndarray, reference: np.ndarray, beta: float, floor: float
) -> harness.Figure | None:
    """`preference/idealised_accuracy_<beta>`: what `preference/ranking_accuracy` of DPO's optimum would be; see
    `ranked_right_by_optimum`. None where no share is known or all are one half.

    Args:
        judged: as `from_pairs` made it.
        share: (pairs,) of raters that preferred the chosen response; NaN where unknown. One half is left out: there
            is no right order.
        reference: (responses of all examples,) nats, summed log-probs under the row's reference.
        beta: of DPO.
        floor: see `ranked_right_by_optimum`.
    """
    usable = np.isfinite(share) & (share != 0.5)
    if not usable.any():
        return None
    part = judged.part(usable)
    chosen, rejected = part.sides(reference)
    limit = f"a share of 1 counts as {1 - floor:g}" if floor else "a unanimous pair is ranked as its raters did"
    return _mean(
        f"preference/idealised_accuracy_{beta:g}",
        part.item_means(ranked_right_by_optimum(chosen - rejected, share[usable], beta, floor)),
        part,
        f"Idealised ranking accuracy of arXiv:2405.19534: pairs that the optimum of DPO's loss at beta {beta:g} ranks "
        f"as labelled, log ref(y_w) - log ref(y_l) + log(a / (1 - a)) / {beta:g} > 0 for a share a of raters; {limit}, "
        "and pairs with a of one half are left out. It tells of data and reference, not of this policy.",
        higher_is_better=None,
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
        f"Examples whose response with the most of {order.about} has the highest reward; responses tied for it share.",
    )
