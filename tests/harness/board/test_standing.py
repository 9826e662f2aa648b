import boards
import numpy as np

from harness.board import make_board
from harness.records import Cell


def around(centre, sd=0.1, seeds=3, items=60, key=0):
    """Values of S seeds on N items whose mean over everything is exactly `centre`."""
    table = np.random.default_rng(key).normal(0, sd, (seeds, items))
    return table - table.mean() + centre


def order(board):
    return [row.label for row in board.rows]


def standings(board):
    return {row.label: row.standing for row in board.rows}


def test_the_best_stands_first_and_overlap_is_a_tie():
    board = make_board(
        *boards.one_metric({"low": around(0.2), "near": around(0.795, key=1), "top": around(0.8, key=2)})
    )
    assert order(board) == ["top", "near", "low"]
    assert standings(board) == {"top": "best", "near": "tied with best", "low": "behind"}


def test_where_less_is_better_the_least_stands_first():
    tables = {"much": around(0.9), "little": around(0.1, key=1)}
    board = make_board(*boards.one_metric(tables, metric="truth/kl", unit="nats", higher=False))
    assert order(board) == ["little", "much"]
    assert standings(board) == {"little": "best", "much": "behind"}
    assert board.primary_metric == "truth/kl"


def test_references_stand_in_order_without_competing():
    tables = {"base": around(0.3)[0], "oracle": around(0.9, key=1)[0], "dpo": around(0.5, key=2)}
    board = make_board(*boards.one_metric(tables))
    assert order(board) == ["oracle", "dpo", "base"]
    assert standings(board) == {"oracle": "reference", "dpo": "best", "base": "reference"}


def test_a_row_with_one_seed_is_neither_tied_nor_behind():
    board = make_board(*boards.one_metric({"three": around(0.8), "one": around(0.2, seeds=1, key=1)}))
    assert standings(board) == {"three": "best", "one": "undetermined"}


def test_nothing_is_behind_a_best_row_with_one_seed():
    board = make_board(*boards.one_metric({"three": around(0.2), "one": around(0.8, seeds=1, key=1)}))
    assert standings(board) == {"one": "undetermined", "three": "undetermined"}


def test_rows_without_the_figure_come_last_in_the_suites_order():
    manifest, records = boards.one_metric({"x": around(0.1), "y": around(0.2, key=1), "z": around(0.3, key=2)})
    for label in ("x", "y"):
        for seed in range(3):
            del records[f"e {label} {seed}"]
    board = make_board(manifest, records)
    assert order(board) == ["z", "x", "y"]
    assert standings(board)["x"] == "no figure"


def test_equals_keep_the_suites_order():
    same = around(0.5)
    assert order(make_board(*boards.one_metric({"b": same, "a": same, "c": same}))) == ["b", "a", "c"]


def test_the_truth_is_preferred_to_held_out_preferences_and_those_to_the_first_metric():
    assert make_board(*boards.core()).primary_metric == "truth/win_rate_behaviour"

    def primary(*names, evaluator="preference"):
        figures = [boards.figure(name, [0.0, 1.0], higher=None if "margin" in name else True) for name in names]
        cell = Cell(what=evaluator, seed=0, digest="e", state="done")
        manifest = boards.manifest([boards.row("dpo", [cell])], [evaluator])
        return make_board(manifest, {"e": boards.evaluation("e", figures, evaluator=evaluator)}).primary_metric

    assert primary("preference/auc", "preference/accuracy") == "preference/accuracy"
    assert primary("preference/margin", "preference/auc") == "preference/auc"
    assert primary("preference/margin") is None


def test_a_metric_that_only_references_have_orders_nothing():
    manifest, records = boards.core()
    for name in list(records):
        if name.startswith("truth") and "oracle" not in name and "base" not in name:
            del records[name]
    assert make_board(manifest, records).primary_metric == "preference/accuracy"
