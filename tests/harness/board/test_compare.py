import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.records import StatisticsRecord
from harness.statistics import contrast, holm, mde, scores_of
from harness.statistics.tables import PerItem

ITEMS = [f"item {j}" for j in range(60)]
HARD = np.random.default_rng(9).normal(0, 1, 60)


def table(centre, *, seeds=3, sd=0.1, key=0, seed_sd=0.02):
    """Values of S seeds on 60 items of unequal hardness, whose mean over everything is exactly `centre`."""
    draw = np.random.default_rng(key)
    drawn = HARD + draw.normal(0, seed_sd, (seeds, 1)) + draw.normal(0, sd, (seeds, 60))
    return drawn - drawn.mean() + centre


def values(rows):
    return scores_of({seed: PerItem(ITEMS, row) for seed, row in enumerate(rows)})


def compared(tables, **given):
    """The comparisons of the one metric, by row, and their family."""
    (family,) = make_board(*boards.one_metric(tables, **given)).comparisons
    return {one.row: one for one in family.comparisons}, family


BASE = HARD - HARD.mean()
"""The base scores 0 on average."""


def test_a_difference_is_taken_item_by_item_with_the_interval_of_the_two_rows():
    tables = {"base": BASE, "dpo": table(0.3), "rpo": table(0.01, key=1)}
    found, family = compared(tables)
    expected = contrast(values(tables["dpo"]), scores_of(PerItem(ITEMS, BASE)))
    dpo = found["dpo"]
    assert dpo.difference == pytest.approx(0.3)
    assert (dpo.own.low, dpo.own.high) == pytest.approx(expected.ci95)
    assert (dpo.own.p, dpo.own.seed_sd, dpo.own.item_se) == (expected.p, expected.seed_sd, expected.item_se)
    assert (dpo.n, dpo.seeds, dpo.baseline_seeds, dpo.own.df) == (60, (0, 1, 2), (), 2.0)
    assert dpo.shifts == pytest.approx(dict(enumerate(tables["dpo"].mean(1) - BASE.mean())))
    assert dpo.own.mde == mde(expected, tests=2)
    assert (family.baseline, family.tests, set(found)) == ("base", 2, {"dpo", "rpo"})
    assert (found["dpo"].verdict, found["rpo"].verdict) == ("better", "tied")


def test_holm_counts_the_rows_that_pooling_adds_and_the_table_says_how_many():
    rows = {f"row {i}": table(0.02 * i, key=i) for i in range(5)}
    tables = {"sft": table(0, key=9), **rows, "once": table(0.3, key=8, seeds=1)}
    found, family = compared(tables, statistics=StatisticsRecord(baseline="sft", seed_spread="pooled"))
    assert family.tests == 6
    assert "by Holm over 6 comparisons" in found["once"].sentence
    assert (found["once"].own.holm_p, found["once"].verdict) == (None, "better")
    order = list(found)
    assert [found[row].pooled.holm_p for row in order] == list(holm([found[row].pooled.p for row in order]))
    several = [row for row in order if row != "once"]
    assert [found[row].own.holm_p for row in several] == list(holm([found[row].own.p for row in several]))
    values_of = {row: values(tables[row]) for row in tables}
    row = contrast(values_of["row 1"], values_of["sft"])
    assert found["row 1"].own.mde == mde(row, tests=5)


def test_a_row_that_pooling_does_not_reach_is_corrected_with_those_that_it_does():
    trained = {f"row {i}": table(0.02 * i, key=i) for i in range(5)}
    checkpoint = {"there": HARD + 0.1 + np.random.default_rng(3).normal(0, 0.3, 60)}
    of_rows = {"there": {"method": "checkpoint"}}
    stated = StatisticsRecord(baseline="base", seed_spread="pooled")
    found, family = compared({"base": BASE, **trained, **checkpoint}, of_rows=of_rows, statistics=stated)
    assert (family.tests, found["there"].pooled) == (6, None)
    order = list(found)
    assert [found[row].decides.holm_p for row in order] == list(holm([found[row].decides.p for row in order]))


def test_a_baseline_with_one_seed_does_not_stop_a_board_that_pools():
    tables = {"sft": table(0, key=9, seeds=1), **{f"row {i}": table(0.02 * i, key=i) for i in range(5)}}
    _, family = compared(tables, statistics=StatisticsRecord(baseline="sft", seed_spread="pooled"))
    assert family.tests == 5


def test_a_baseline_without_a_figure_is_told_at_the_top_of_the_board():
    manifest, records = boards.core(items=20, without=[("sft", 0), ("sft", 1), ("sft", 2)])
    failed = make_board(manifest.model_copy(update={"statistics": StatisticsRecord(baseline="sft")}), records)
    assert failed.comparisons == ()
    assert failed.problems == (
        "no comparison in truth/win_rate_behaviour with the baseline sft: DataError: the loss is not finite at step 17",
    )
    unknown = make_board(manifest.model_copy(update={"statistics": StatisticsRecord(baseline="nobody")}), records)
    assert unknown.problems[0].endswith("with the baseline nobody: no row is called so")
    assert make_board(manifest, records).problems == ()
    assert make_board(*boards.one_metric({"dpo": table(0.1)})).problems == ()


def test_holm_counts_contenders_and_no_references_or_controls():
    tables = {
        "base": BASE,
        "oracle": BASE + 0.5,
        "dpo": table(0.1),
        "rpo": table(0.04, key=1),
        "dpo again": table(0.1, key=2),
    }
    found, family = compared(tables, again={"dpo again": "dpo"})
    assert family.tests == 2
    assert (found["dpo"].own.holm_p, found["rpo"].own.holm_p) == holm((found["dpo"].own.p, found["rpo"].own.p))
    assert [found[row].contender for row in ("dpo", "oracle", "dpo again")] == [True, False, False]
    assert found["oracle"].own.holm_p is None
    assert found["oracle"].verdict == "better"
    assert "outside Holm's correction" in found["oracle"].sentence


def test_what_separates_equal_rows_stands_beside_every_difference():
    tables = {"base": BASE, "dpo": table(0.1), "dpo again": table(0.07, key=2), "rpo": table(0.2, key=1)}
    found, family = compared(tables, again={"dpo again": "dpo"})
    assert [one.aa_difference for one in found.values()] == pytest.approx([-0.03] * 3)
    (pair,) = family.again
    assert (pair.row, pair.original) == ("dpo again", "dpo")
    assert pair.low < -0.03 < pair.high
    assert compared({"base": BASE, "dpo": table(0.1)})[0]["dpo"].aa_difference is None


def test_of_several_repeats_the_one_with_as_many_prompts_tells_the_noise():
    tables = {
        "base": BASE,
        "few": table(0.1),
        "few again": table(0.0, key=1),
        "many": table(0.3, key=2),
        "many again": table(0.29, key=3),
    }
    of_rows = {label: {"prompts": 100 if "few" in label else 500} for label in tables if label != "base"}
    found, _ = compared(tables, again={"few again": "few", "many again": "many"}, of_rows=of_rows)
    assert found["few"].aa_difference == pytest.approx(-0.1)
    assert found["many"].aa_difference == pytest.approx(-0.01)


def test_less_may_be_better_and_some_metrics_are_neither():
    tables = {"base": BASE, "dpo": table(0.3)}
    less, _ = compared(tables, higher=False, metric="truth/kl", unit="nats")
    assert less["dpo"].verdict == "worse"
    neither, _ = compared(tables, higher=None, metric="truth/kl", unit="nats")
    assert neither["dpo"].verdict == "higher"


def test_one_run_is_undetermined_and_tells_what_seed_spread_would_undo_it():
    found, family = compared({"base": BASE, "dpo": table(0.3, seeds=1)})
    dpo = found["dpo"]
    assert (dpo.verdict, dpo.estimand, dpo.own.mde, dpo.own.holm_p) == ("undetermined", "E3", None, None)
    assert dpo.tipping_seed_sd > 0.1
    assert family.tests == 0


def pooled(tables, **given):
    return compared(tables, statistics=StatisticsRecord(baseline="row 0", seed_spread="pooled"), **given)


def test_pooled_stands_beside_own_only_where_it_was_declared():
    tables = {f"row {i}": table(0.02 * i, key=i) for i in range(6)}
    found, family = pooled(tables)
    one = found["row 5"]
    assert (one.own.df, one.pooled.df, one.decides) == (2.0, 10.0, one.pooled)
    assert one.pooled.high - one.pooled.low < one.own.high - one.own.low
    assert family.spread_ratio > 1
    own, _ = compared(tables, statistics=StatisticsRecord(baseline="row 0"))
    assert own["row 5"].pooled is None
    assert own["row 5"].own == one.own


def test_controls_neither_tell_the_pooled_spread_nor_are_judged_by_it():
    tables = {f"row {i}": table(0.02 * i, key=i) for i in range(6)}
    alone, _ = pooled(tables)
    wild = {"row 5 again": table(0.1, key=7, seed_sd=0.5)}
    found, family = compared(
        {**tables, **wild},
        again={"row 5 again": "row 5"},
        statistics=StatisticsRecord(baseline="row 0", seed_spread="pooled"),
    )
    assert found["row 5 again"].pooled is None
    assert found["row 5"].pooled == alone["row 5"].pooled
    assert not family.warning


def test_too_few_rows_to_pool_are_said_and_own_decides():
    found, family = pooled({f"row {i}": table(0.02 * i, key=i) for i in range(3)})
    assert found["row 2"].pooled is None
    assert "it takes 5" in family.warning


def test_a_spread_far_above_the_others_is_a_warning():
    tables = {f"row {i}": table(0.02 * i, key=i) for i in range(6)}
    tables["row 3"] = table(0.06, key=3, seed_sd=0.5)
    _, family = pooled(tables)
    assert family.spread_ratio > 5
    assert family.warning.startswith("the largest seed sd is")
    assert not compared(tables)[1].warning


def test_without_the_base_the_first_row_is_the_baseline():
    found, family = compared({"sft": table(0.0), "dpo": table(0.3, key=1)})
    assert family.baseline == "sft"
    assert set(found) == {"dpo"}


def test_a_baseline_without_a_number_of_prompts_is_the_one_with_as_many():
    tables = {
        f"{m}{n}": table(c, key=k)
        for k, (m, n, c) in enumerate([("a", 1, 0), ("b", 1, 0.2), ("a", 2, 0.5), ("b", 2, 0.6)])
    }
    of_rows = {label: {"prompts": int(label[1]), "unsized": label[0]} for label in tables}
    found, _ = compared(tables, of_rows=of_rows, statistics=StatisticsRecord(baseline="a"))
    assert {row: (one.baseline, round(one.difference, 6)) for row, one in found.items()} == {
        "b1": ("a1", 0.2),
        "b2": ("a2", 0.1),
    }
    named, _ = compared(tables, of_rows=of_rows, statistics=StatisticsRecord(baseline="a1"))
    assert named["b2"].note == "trained on 2 prompts, a1 on 1"


def test_items_that_come_in_groups_count_as_one_each():
    manifest, records = boards.one_metric({"base": BASE, "dpo": table(0.3)})
    for name, record in records.items():
        if record.results is not None:
            figures = [f.model_copy(update={"clusters": "groups"}) for f in record.results.figures]
            sets = {**record.results.item_sets, "groups": [f"group {j // 6}" for j in range(60)]}
            results = record.results.model_copy(update={"figures": figures, "item_sets": sets})
            records[name] = record.model_copy(update={"results": results})
    board = make_board(manifest, records)
    (dpo,) = board.comparisons[0].comparisons
    assert dpo.n == 10
    assert {row.metrics["truth/score"].n for row in board.rows} == {10}


def test_items_in_another_order_are_the_same_items_and_only_shared_ones_count():
    manifest, records = boards.one_metric({"base": BASE, "dpo": table(0.3), "rpo": table(0.1, key=1)})
    straight = make_board(manifest, records).comparisons[0].comparisons

    def moved(label, places):
        for name, record in records.items():
            if name.startswith(f"e {label} "):
                (figure,) = record.results.figures
                kept = [figure.values[j] for j in places]
                figure = figure.model_copy(update={"values": kept, "value": float(np.mean(kept))})
                results = {"figures": [figure], "item_sets": {"items 0": [ITEMS[j] for j in places]}}
                records[name] = record.model_copy(update={"results": record.results.model_copy(update=results)})

    moved("dpo", range(59, -1, -1))
    moved("rpo", range(50))
    dpo, rpo = make_board(manifest, records).comparisons[0].comparisons
    assert (dpo.own.low, dpo.own.p, dpo.n) == pytest.approx((straight[0].own.low, straight[0].own.p, 60))
    assert rpo.n == 50
    assert rpo.note == "10 items that not every run of both was judged on are left out"


def test_a_figure_without_values_per_item_is_not_compared():
    manifest, records = boards.one_metric({"base": BASE, "dpo": table(0.3)})
    for seed in range(3):
        name = f"e dpo {seed}"
        records[name] = boards.evaluation(name, [boards.figure("truth/score", None, value=0.5)])
    board = make_board(manifest, records)
    assert board.comparisons == ()
    assert "no value per item" in board.rows[0].metrics["truth/score"].note


def test_rows_that_were_trained_on_other_examples_than_the_baseline_say_so():
    manifest, records = boards.one_metric({"sft": table(0.0), "dpo": table(0.3, key=1)})
    for label, kept in (("sft", 10), ("dpo", 8)):
        for seed in range(3):
            ledger = {"read": 10, "kept": kept, "dropped": {}}
            records[f"t {label} {seed}"] = boards.training(f"t {label} {seed}", notes={"ledger": ledger})
    (dpo,) = make_board(manifest, records).comparisons[0].comparisons
    assert dpo.note == "trained on other examples than sft (groups B and A)"


def test_figures_on_subsets_are_metrics_of_their_own_but_not_compared_on_the_board():
    manifest, records = boards.one_metric({"base": BASE, "dpo": table(0.3)})
    for name, record in records.items():
        if record.results is not None:
            (whole,) = record.results.figures
            part = whole.model_copy(update={"subset": "long", "values": whole.values[:20], "items": "some"})
            sets = {**record.results.item_sets, "some": ITEMS[:20]}
            results = record.results.model_copy(update={"figures": [whole, part], "item_sets": sets})
            records[name] = record.model_copy(update={"results": results})
    board = make_board(manifest, records)
    assert [(h.name, h.subset, h.of) for h in board.metrics] == [
        ("truth/score", "", ""),
        ("truth/score[long]", "long", "truth/score"),
    ]
    assert [family.metric for family in board.comparisons] == ["truth/score"]
    assert board.rows[0].metrics["truth/score[long]"].n == 20
