import json

import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.board.query import compare, plain
from harness.errors import HarnessError
from harness.records import StatisticsRecord

KEYS = {
    "metric", "row", "baseline", "contender", "difference", "low", "high", "p", "holm_p", "verdict", "mde", "seed_sd",
    "item_se", "n", "seeds", "baseline_seeds", "df", "method", "estimand", "covers", "sentence", "note",
    "aa_difference", "tests", "shifts", "stderr", "tipping_seed_sd", "spread_ratio", "warning",
}  # fmt: skip


@pytest.fixture(scope="module")
def run():
    return boards.core(seeds=3, items=40)


def test_by_default_it_is_what_the_board_has_of_the_primary_metric(run):
    (family,) = compare(*run).families
    board = make_board(*run)
    assert family == next(f for f in board.comparisons if f.metric == board.primary_metric)


def test_any_row_may_be_the_baseline_and_any_metrics_asked_for(run):
    wanted = ["preference/auc", "drift/kl"]
    found = compare(*run, baseline="dpo", metrics=wanted)
    assert [family.metric for family in found.families] == wanted
    assert {one.baseline for family in found.families for one in family.comparisons} == {"dpo"}
    auc, kl = ({one.row for one in family.comparisons} for family in found.families)
    assert auc == {"base", "oracle", "sft", "rpo", "ddro", "dpo on random labels"}
    assert kl == auc - {"oracle"}


def test_the_estimand_may_be_chosen(run):
    found = {e: compare(*run, estimand=e).families[0] for e in ("E1", "E2", "E3")}
    rpo = {e: next(one for one in f.comparisons if one.row == "rpo") for e, f in found.items()}
    assert {e: one.estimand for e, one in rpo.items()} == {"E1": "E1", "E2": "E2", "E3": "E3"}
    assert rpo["E1"].own.high - rpo["E1"].own.low > rpo["E3"].own.high - rpo["E3"].own.low
    assert rpo["E3"].verdict == "undetermined"


def test_in_json_every_comparison_is_flat_with_all_keys(run):
    found = plain(compare(*run, metrics=["preference/accuracy", "truth/reward"]).families)
    assert len(found) == 12
    for one in found:
        assert set(one) >= KEYS
        assert one["own_low"] == one["low"]
        assert one["pooled_low"] is None
    assert json.loads(json.dumps(found, allow_nan=False))


def test_where_pooling_was_declared_the_plain_keys_are_of_the_pooled_interval(run):
    manifest = run[0].model_copy(update={"statistics": StatisticsRecord(seed_spread="pooled", baseline="sft")})
    rpo = next(one for one in plain(compare(manifest, run[1]).families) if one["row"] == "rpo")
    assert (rpo["method"], rpo["own_method"]) == ("pooled", "own")
    assert rpo["low"] == rpo["pooled_low"] != rpo["own_low"]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"baseline": "dop"}, "no row is called 'dop'; did you mean 'dpo'?"),
        ({"metrics": ["preference/acuracy"]}, "no metric 'preference/acuracy'; did you mean 'preference/accuracy'?"),
        ({"baseline": "oracle", "metrics": ["drift/kl"]}, r"it has no figure \(the oracle has no language model\)"),
    ],
)
def test_what_cannot_be_asked_for_is_told_by_name(run, given, told):
    with pytest.raises(HarnessError, match=told):
        compare(*run, **given)


def test_a_score_that_cannot_be_had_is_told_with_the_reason(run):
    stated = StatisticsRecord(score={"preference/margin": 1.0})
    manifest = run[0].model_copy(update={"statistics": stated})
    with pytest.raises(HarnessError, match="preference/margin is no fraction of which higher is better"):
        compare(manifest, run[1], metrics=["score"])


def test_a_metric_of_which_neither_way_is_better_can_be_asked_for_where_the_board_has_no_other():
    draw = np.random.default_rng(0)
    tables = {"base": draw.normal(0, 1, 20), "dpo": draw.normal(1, 1, (3, 20))}
    lengths = boards.one_metric(tables, metric="drift/length", unit="tokens", higher=None)
    assert [one.row for one in compare(*lengths, metrics=["drift/length"]).families[0].comparisons] == ["dpo"]
    with pytest.raises(HarnessError, match="no row has a figure"):
        compare(*lengths)


def test_subsets_are_not_listed_for_a_name_that_is_none():
    manifest, records = boards.one_metric({"base": np.arange(9.0), "dpo": np.arange(27.0).reshape(3, 9)})
    for name, record in records.items():
        if record.results is not None:
            (figure,) = record.results.figures
            part = figure.model_copy(update={"subset": "length quartile 1"})
            both = record.results.model_copy(update={"figures": [figure, part]})
            records[name] = record.model_copy(update={"results": both})
    with pytest.raises(HarnessError, match=r"known: truth/score$"):
        compare(manifest, records, metrics=["nothing like it"])
    with pytest.raises(HarnessError, match=r"did you mean 'truth/score\[length quartile 1\]'"):
        compare(manifest, records, metrics=["truth/score[length quarter 1]"])


def test_a_run_without_figures_says_so(run):
    with pytest.raises(HarnessError, match="no row has a figure"):
        compare(run[0], {})
