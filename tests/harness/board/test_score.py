import boards
import numpy as np
import pytest

from harness.board import Gap, make_board
from harness.records import Cell, StatisticsRecord

WEIGHTS = {"truth/a": 3.0, "truth/b": 1.0}


def board(tables, weights=WEIGHTS, **changes):
    """A run of one evaluator: label -> metric -> (S, N) values, or (N,) of the base.

    Args:
        changes: of the figures of `truth/b`.
    """
    rows, records = [], {}
    for label, metrics in tables.items():
        seeds = range(max(len(np.atleast_2d(t)) for t in metrics.values()))
        cells = []
        for seed in seeds:
            name = f"{label} {seed}"
            figures = [
                boards.figure(metric, np.atleast_2d(found)[seed]).model_copy(
                    update=changes if metric == "truth/b" else {}
                )
                for metric, found in metrics.items()
            ]
            records[name] = boards.evaluation(name, figures)
            cells.append(Cell(what="truth", seed=None if label == "base" else seed, digest=name, state="done"))
        rows.append(boards.row(label, cells))
    return make_board(boards.manifest(rows, ["truth"], statistics=StatisticsRecord(score=weights)), records)


def drawn(centre, key, shape=(3, 40)):
    return np.random.default_rng(key).normal(centre, 0.1, shape)


TABLES = {
    "base": {"truth/a": drawn(0.4, 0, 40), "truth/b": drawn(0.2, 1, 40)},
    "dpo": {"truth/a": drawn(0.6, 2), "truth/b": drawn(0.5, 3)},
}


def test_it_is_the_mean_by_the_weights_stated_with_an_interval_and_a_comparison():
    found = board(TABLES)
    dpo, base = found.rows
    both = {label: 0.75 * t["truth/a"] + 0.25 * t["truth/b"] for label, t in TABLES.items()}
    score = dpo.metrics["score"]
    assert score.mean == pytest.approx(both["dpo"].mean())
    assert score.per_seed == pytest.approx(dict(enumerate(both["dpo"].mean(1))))
    assert base.metrics["score"].per_seed is None
    whole = make_board(*boards.one_metric(both))  # the same items, so the same as one metric of those values
    assert score.ci95 == pytest.approx(whole.rows[0].metrics["truth/score"].ci95)
    (family,) = [f for f in found.comparisons if f.metric == "score"]
    expected = whole.comparisons[0].comparisons[0].own
    assert (family.comparisons[0].own.low, family.comparisons[0].own.p) == pytest.approx((expected.low, expected.p))
    assert found.primary_metric == "truth/a"


def test_no_score_is_made_that_was_not_asked_for():
    assert "score" not in {h.name for h in board(TABLES, {}).metrics}


def test_a_row_that_lacks_a_metric_has_no_score_and_the_reason():
    tables = {**TABLES, "rpo": {"truth/a": drawn(0.9, 4)}}
    rows = {row.label: row for row in board(tables).rows}
    assert "score" not in rows["rpo"].metrics
    reason = "no score without truth/b: truth gave no such figure"
    assert rows["rpo"].skipped["score"] == Gap("skipped", reason)
    assert "score" in rows["dpo"].metrics


def test_a_metric_that_no_row_has_leaves_every_row_without():
    found = board(TABLES, {"truth/a": 1.0, "truth/c": 1.0})
    assert {row.skipped["score"].reason for row in found.rows} == {"no score without truth/c: no row has it"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"unit": "nats"}, "no score: truth/b is no fraction of which higher is better, but it is in nats"),
        ({"higher_is_better": False}, "no score: truth/b is no fraction of which higher is better, but higher is not"),
        ({"higher_is_better": None}, "no score: truth/b is no fraction of which higher is better, but higher is not"),
    ],
)
def test_metrics_without_a_common_scale_are_refused_by_name(changes, told):
    found = board(TABLES, **changes)
    (problem,) = found.problems
    assert problem.startswith(told)
    assert "score" not in {h.name for h in found.metrics}
