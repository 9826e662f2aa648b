import csv
import io

import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.render.table_csv import csv_text


def lines(board):
    return list(csv.DictReader(io.StringIO(csv_text(board), newline="")))


def test_there_is_one_line_per_row_and_metric():
    board = make_board(*boards.core(without=[("ddro", 2)]))
    found = lines(board)
    assert len(found) == len(board.rows) * len(board.metrics)
    assert {(line["label"], line["metric"]) for line in found} == {
        (row.label, h.name) for row in board.rows for h in board.metrics
    }


def test_figures_come_back_in_full_precision():
    board = make_board(*boards.core(without=[("ddro", 2)]))
    rows = {row.label: row for row in board.rows}
    for line in lines(board):
        if line["state"] != "done":
            continue
        found = rows[line["label"]].metrics[line["metric"]]
        assert (float(line["mean"]), float(line["stderr"])) == (found.mean, found.stderr)
        assert (float(line["ci_low"]), float(line["ci_high"])) == found.ci95
        seeds = {int(k.removeprefix("seed_")): float(v) for k, v in line.items() if k.startswith("seed_") and v}
        assert seeds == dict(found.per_seed or {})


def test_gaps_have_a_state_a_reason_and_no_number():
    found = [line for line in lines(make_board(*boards.core())) if line["state"] != "done"]
    assert {line["metric"].split("/")[0] for line in found} == {"drift"}
    assert {(line["label"], line["reason"], line["mean"]) for line in found} == {
        ("oracle", "the oracle has no language model", "")
    }


@pytest.mark.parametrize("label", ['a,"b"', "a;b", "ünïcödé", "a=1+1", "a'b"])
def test_labels_come_back_as_they_were(label):
    board = make_board(*boards.one_metric({label: np.eye(3)}))
    assert [line["label"] for line in lines(board)] == [label]


@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(1)", "\t=1", " =1", "\uff1d1", "\n-1"])
def test_texts_that_a_spreadsheet_would_compute_stand_after_an_apostrophe(label):
    board = make_board(*boards.one_metric({label: np.eye(3)}))
    assert [line["label"] for line in lines(board)] == [f"'{label.strip()}"]


def test_texts_stand_on_one_line_and_steer_nothing():
    board = make_board(*boards.one_metric({"two\nlines \x1b[31m\u202e": np.eye(3)}))
    assert [line["label"] for line in lines(board)] == ["two lines \ufffd[31m\ufffd"]


def test_negative_numbers_stay_numbers():
    board = make_board(*boards.one_metric({"dpo": -np.eye(3)}))
    assert [float(line["mean"]) < 0 for line in lines(board)] == [True]
