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


def test_the_best_stands_first_and_what_none_beats_is_tied_with_it():
    board = make_board(
        *boards.one_metric({"low": around(0.2), "near": around(0.795, key=1), "top": around(0.8, key=2)})
    )
    assert order(board) == ["top", "near", "low"]
    assert standings(board) == {"top": "best", "near": "tied with best", "low": "behind"}
    by, p = board.rows[2].beaten_by
    assert by in {"top", "near"}
    assert p < 0.05
    assert board.rows[0].beaten_by is None


def test_rows_are_compared_item_by_item_and_not_by_whether_their_intervals_meet():
    items = np.random.default_rng(0).normal(0, 1, 60)  # hard and easy items, alike for both rows
    tables = {"a": items + around(0.0, sd=0.02), "b": items + around(0.1, sd=0.02, key=1)}
    board = make_board(*boards.one_metric(tables))
    better, worse = (row.metrics["truth/score"].ci95 for row in board.rows)
    assert better[0] < worse[1]
    assert standings(board) == {"b": "best", "a": "behind"}


def test_a_repeat_of_a_row_is_a_control():
    tables = {"dpo": around(0.5), "dpo again": around(0.9, key=1), "rpo": around(0.4, key=2)}
    board = make_board(*boards.one_metric(tables, again={"dpo again": "dpo"}))
    assert order(board) == ["dpo again", "dpo", "rpo"]
    assert standings(board) == {"dpo again": "control", "dpo": "best", "rpo": "behind"}


def test_a_row_of_a_method_that_is_a_control_competes_with_none():
    tables = {"base": around(0.3)[0], "dpo": around(0.5), "by lot": around(0.7, key=1)}
    board = make_board(*boards.one_metric(tables, of_rows={"by lot": {"control": True}}))
    assert standings(board) == {"by lot": "control", "dpo": "best", "base": "reference"}
    assert {one.row: one.contender for one in board.comparisons[0].comparisons} == {"by lot": False, "dpo": True}


def test_rows_of_other_numbers_of_prompts_are_not_ranked_together():
    tables = {label: around(centre, key=key) for key, (label, centre) in enumerate(CENTRES.items())}
    of_rows = {label: {"prompts": int(label[4:]), "unsized": label[:3]} for label in tables}
    board = make_board(*boards.one_metric(tables, of_rows=of_rows))
    assert standings(board) == {"dpo 500": "best", "rpo 500": "behind", "dpo 250": "best", "rpo 250": "behind"}


CENTRES = {"dpo 250": 0.4, "rpo 250": 0.2, "dpo 500": 0.8, "rpo 500": 0.6}


def test_rows_that_were_trained_on_other_examples_are_not_ranked_together():
    manifest, records = boards.one_metric({"sft": around(0.5), "dpo": around(0.8), "rpo": around(0.7, key=1)})
    for label, kept in (("sft", 10), ("dpo", 8), ("rpo", 10)):
        for seed in range(3):
            ledger = {"read": 10, "kept": kept, "dropped": {"too long": 10 - kept}}
            records[f"t {label} {seed}"] = boards.training(f"t {label} {seed}", notes={"ledger": ledger})
    board = make_board(manifest, records)
    assert standings(board) == {"dpo": "best", "rpo": "best", "sft": "behind"}
    assert {row.label: row.group for row in board.rows} == {"sft": "A", "rpo": "A", "dpo": "B"}
    assert board.groups["B"] == "8 of 10 examples kept, 2 too long (dpo)"


def test_a_checkpoint_stands_beside_every_group():
    tables = {"sft": around(0.5), "dpo": around(0.8), "tuned": around(0.6, key=2)[0]}
    of_rows = {"sft": {"prompts": 250}, "dpo": {"prompts": 500}, "tuned": {"kind": "policy", "method": "checkpoint"}}
    board = make_board(*boards.one_metric(tables, of_rows=of_rows))
    assert standings(board) == {"dpo": "best", "tuned": "behind", "sft": "behind"}


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
    tables = {"three": around(0.8), "one": around(0.2, seeds=1, key=1), "low": around(0.1, key=2)}
    assert standings(make_board(*boards.one_metric(tables))) == {
        "three": "best",
        "one": "undetermined",
        "low": "behind",
    }


def test_where_nothing_can_be_compared_with_a_row_it_is_undetermined():
    board = make_board(*boards.one_metric({"three": around(0.8), "one": around(0.2, seeds=1, key=1)}))
    assert standings(board) == {"three": "undetermined", "one": "undetermined"}


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
