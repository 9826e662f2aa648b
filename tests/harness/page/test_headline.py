from dataclasses import replace

import boards
import figure_reports
import numpy as np

from harness.board import make_board
from harness.page.headline import facts, verdict
from harness.page.metric_view import metric_views


def table(mean, spread=0.05, seeds=3, draw=0):
    return np.random.default_rng(draw).normal(mean, spread, (seeds, 60))


def told(run):
    board = make_board(*run)
    return "".join(words.text for words in verdict(board, metric_views(board)[0]))


def test_a_row_that_beats_all_others_is_best():
    text = told(boards.one_metric({"dpo": table(0.8), "sft": table(0.5), "ipo": table(0.4)}))
    assert text.startswith("dpo is best in truth/score: ")
    assert "2 of 3 contenders fall behind." in text
    assert text.endswith("It is the baseline.")


def test_the_leader_is_held_against_the_baseline():
    text = told(boards.one_metric({"base": table(0.5)[0], "dpo": table(0.8), "sft": table(0.6)}))
    assert "Against the baseline base: +0.298 [0.2" in text
    assert text.endswith(", better (p\u00a0< 0.001, by Holm).")


def test_rows_that_are_not_told_apart_are_named():
    text = told(boards.one_metric({"dpo": table(0.8), "ipo": table(0.8), "sft": table(0.2, draw=2)}))
    assert "has the highest truth/score" in text
    assert "is not told apart from it" in text


def test_of_many_ties_a_few_are_named():
    text = told(boards.one_metric({f"row {i}": table(0.5) for i in range(12)}))
    assert " more are not told apart from it." in text


def test_a_row_with_nothing_to_compete_with_is_not_called_best():
    text = told(boards.one_metric({"base": table(0.5)[0], "dpo": table(0.8)}))
    assert text.startswith("dpo has nothing to compete with: ")


def test_rows_without_a_figure_are_counted():
    manifest, records = boards.one_metric({"dpo": table(0.8), "sft": table(0.5), "ipo": table(0.4)})
    failed = {"state": "failed", "digest": None, "reason": "diverged"}
    cells = [cell.model_copy(update=failed) for cell in manifest.rows[-1].cells]
    rows = [*manifest.rows[:-1], manifest.rows[-1].model_copy(update={"cells": cells})]
    run = manifest.model_copy(update={"rows": rows}), records
    assert "1 of 3 contenders falls behind. 1 of 3 has no figure." in told(run)
    board = make_board(*run)
    found = {fact.name: fact for fact in facts(figure_reports.of(board), metric_views(board)[0])}
    assert (found["Not complete"].value, found["Not complete"].about) == ("1 of 3 rows", "failed")


def test_a_long_label_is_cut_in_the_sentence():
    text = told(boards.one_metric({"dpo " * 60: table(0.8), "sft": table(0.5)}))
    assert len(text) < 300


def test_one_seed_makes_nobody_best():
    text = told(boards.one_metric({"dpo": table(0.8, seeds=1), "sft": table(0.5, seeds=1)}))
    assert text.startswith("No row can be called best")
    assert "dpo stands first in truth/score" in text


def test_where_less_is_better_the_lowest_leads():
    text = told(boards.one_metric({"dpo": table(0.2), "ipo": table(0.2), "sft": table(0.8)}, higher=False))
    assert "has the lowest truth/score" in text


def test_the_baseline_is_named_where_it_leads():
    run = boards.one_metric({"dpo": table(0.8), "sft": table(0.5)})
    manifest = run[0].model_copy(update={"statistics": run[0].statistics.model_copy(update={"baseline": "dpo"})})
    assert told((manifest, run[1])).endswith("It is the baseline.")


def test_a_board_of_references_alone_has_nobody():
    assert "No row that competes" in told(boards.one_metric({"base": np.random.default_rng(1).normal(0.5, 0.1, 60)}))


def test_facts_name_seeds_items_noise_and_dates():
    run = boards.one_metric({"dpo": table(0.8), "sft": table(0.5), "dpo again": table(0.8)}, again={"dpo again": "dpo"})
    report = replace(
        figure_reports.of(make_board(*run)), ran=("2026-01-01T10:00:00+00:00", "2026-01-03T01:00:00+00:00")
    )
    found = {fact.name: fact for fact in facts(report, metric_views(report.board)[0])}
    assert found["Contenders"].value == "2"
    assert found["Training seeds"].value == "3"
    assert found["Test items"].value == "60"
    assert found["A/A noise floor"].about == "dpo again and dpo"
    assert found["Ran"].value == "2026-01-01 to 2026-01-03"
