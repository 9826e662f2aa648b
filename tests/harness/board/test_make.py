import math
import subprocess
import sys

import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.records import Cell, Cost, LedgerRecord
from harness.statistics import items_alone, two_part


def rows_of(board):
    return {row.label: row for row in board.rows}


def cells(evaluator, seeds, digest, state="done", reason=""):
    return [Cell(what=evaluator, seed=s, digest=f"{digest} {s}", state=state, reason=reason) for s in seeds]


def test_figures_over_seeds_carry_mean_interval_and_every_seed():
    table = np.random.default_rng(0).normal(0.5, 0.2, (3, 40))
    board = make_board(*boards.one_metric({"dpo": table}))
    found = rows_of(board)["dpo"].metrics["truth/score"]
    stderr, half = two_part(table)
    assert found.mean == pytest.approx(table.mean())
    assert found.stderr == pytest.approx(stderr)
    assert found.ci95 == pytest.approx((table.mean() - half, table.mean() + half))
    assert found.per_seed == pytest.approx({i: table[i].mean() for i in range(3)})
    assert (found.n, found.unit, found.higher_is_better, found.note) == (40, "fraction", True, "")
    assert found.basis == "items and seeds"


def test_rows_without_seeds_stand_on_items_alone():
    values = np.random.default_rng(0).normal(0.5, 0.2, 40)
    found = rows_of(make_board(*boards.one_metric({"base": values})))["base"]
    assert found.metrics["truth/score"].per_seed is None
    assert found.metrics["truth/score"].stderr == pytest.approx(items_alone(values)[0])
    assert found.metrics["truth/score"].basis == "items"
    assert found.seeds == ()


def test_one_seed_is_named_one_run_and_earns_no_standing():
    draw = np.random.default_rng(0)
    board = make_board(*boards.one_metric({"dpo": draw.normal(9, 1, (1, 40)), "sft": draw.normal(0, 1, (1, 40))}))
    assert [row.standing for row in board.rows] == ["undetermined", "undetermined"]
    assert all(row.metrics["truth/score"].basis == "one run" for row in board.rows)


def test_pseudo_values_give_the_interval_and_the_figure_the_centre():
    pseudo = np.random.default_rng(0).normal(0.7, 0.3, (2, 30))
    records = {}
    for seed in range(2):
        figure = boards.figure("truth/auc", pseudo[seed], value=0.6 + seed / 10, pseudo=True)
        records[f"e {seed}"] = boards.evaluation(f"e {seed}", [figure])
    manifest = boards.manifest([boards.row("dpo", cells("truth", [0, 1], "e"))], ["truth"])
    found = rows_of(make_board(manifest, records))["dpo"].metrics["truth/auc"]
    centred = pseudo - pseudo.mean(1, keepdims=True) + [[0.6], [0.7]]
    half = two_part(centred)[1]
    assert found.mean == pytest.approx(0.65)
    assert found.ci95 == pytest.approx((0.65 - half, 0.65 + half))
    assert found.per_seed == {0: 0.6, 1: 0.7}


def test_a_figure_without_values_has_no_interval_but_its_seeds():
    records = {
        f"e {s}": boards.evaluation(f"e {s}", [boards.figure("truth/perplexity", None, value=3.0 + s)]) for s in (0, 1)
    }
    manifest = boards.manifest([boards.row("dpo", cells("truth", [0, 1], "e"))], ["truth"])
    found = rows_of(make_board(manifest, records))["dpo"].metrics["truth/perplexity"]
    assert (found.mean, found.stderr, found.ci95, found.basis) == (3.5, None, None, "none")
    assert found.per_seed == {0: 3.0, 1: 4.0}
    assert "no interval" in found.note
    assert found.n == 10


def test_values_that_do_not_match_their_items_give_no_interval():
    record = boards.evaluation("e None", [boards.figure("truth/score", [1.0, 2.0])], items=["a", "b", "c"])
    manifest = boards.manifest([boards.row("base", cells("truth", [None], "e"))], ["truth"])
    found = rows_of(make_board(manifest, {"e None": record}))["base"].metrics["truth/score"]
    assert found.ci95 is None
    assert "one finite value per item" in found.note


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_figure_that_is_no_finite_number_is_a_failure(value):
    good = boards.evaluation("e 0", [boards.figure("truth/score", [1.0, 2.0])])
    bad = boards.evaluation("f 0", [boards.figure("truth/score", [1.0, 2.0], value=value)])
    rows = [boards.row("dpo", cells("truth", [0], "e")), boards.row("rpo", cells("truth", [0], "f"))]
    board = make_board(boards.manifest(rows, ["truth"]), {"e 0": good, "f 0": bad})
    gap = rows_of(board)["rpo"].skipped["truth/score"]
    assert gap.state == "failed"
    assert "no finite number" in gap.reason


@pytest.mark.parametrize("state", ["skipped", "failed", "missing"])
def test_every_metric_of_a_row_without_figures_says_why(state):
    manifest, records = boards.one_metric({"dpo": np.eye(3)})
    broken = [
        *cells("train", [0, 1, 2], "x", state, "needs pairs"),
        *cells("truth", [0, 1, 2], "y", state, "needs pairs"),
    ]
    manifest = manifest.model_copy(update={"rows": [*manifest.rows, boards.row("rpo", broken)]})
    found = rows_of(make_board(manifest, records))["rpo"]
    assert found.metrics == {}
    assert (found.skipped["truth/score"].state, found.skipped["truth/score"].reason) == (state, "needs pairs")
    assert found.status == state
    assert found.reason == f"train {state} at seeds 0-2: needs pairs"
    assert found.standing == "no figure"


def test_filled_and_skipped_together_are_all_metrics_of_the_board():
    board = make_board(*boards.core(without=[("ddro", 2)]))
    names = {h.name for h in board.metrics}
    for row in board.rows:
        assert set(row.metrics) | set(row.skipped) == names
        assert not set(row.metrics) & set(row.skipped)
        assert all(gap.reason for gap in row.skipped.values())


def test_an_evaluator_that_gave_no_row_a_figure_stands_under_its_label():
    manifest, records = boards.one_metric({"base": [0.0, 1.0]})
    row = manifest.rows[0]
    more = [*row.cells, *cells("lm-eval", [None], "z", "skipped", "lm-eval is not installed")]
    manifest = manifest.model_copy(
        update={"rows": [row.model_copy(update={"cells": more})], "evaluators": ["truth", "lm-eval"]}
    )
    found = make_board(manifest, records).rows[0]
    assert found.skipped["lm-eval"].reason == "lm-eval is not installed"
    assert (found.status, found.reason) == ("done", "lm-eval skipped: lm-eval is not installed")


def test_a_failed_seed_leaves_the_others_and_marks_the_row():
    board = make_board(*boards.core(without=[("ddro", 2)]))
    found = rows_of(board)["ddro"]
    assert found.status == "partial"
    assert (found.seeds, found.seeds_used) == ((0, 1, 2), (0, 1))
    assert found.reason == "train failed at seed 2: DataError: the loss is not finite at step 17"
    one = found.metrics["preference/accuracy"]
    assert set(one.per_seed) == {0, 1}
    assert one.note.startswith("2 of 3 seeds; seed 2 failed:")


def test_a_done_cell_whose_record_is_gone_is_missing():
    manifest, records = boards.one_metric({"base": [0.0, 1.0], "dpo": np.eye(2)})
    del records["e base None"]
    found = rows_of(make_board(manifest, records))["base"]
    assert found.status == "missing"
    assert found.skipped["truth/score"].reason == "its record is not in the results folder"


def test_a_record_outweighs_a_manifest_written_before_it():
    manifest, records = boards.one_metric({"base": [0.0, 1.0]})
    late = [cell.model_copy(update={"state": "missing", "reason": "not run yet"}) for cell in manifest.rows[0].cells]
    manifest = manifest.model_copy(update={"rows": [manifest.rows[0].model_copy(update={"cells": late})]})
    assert make_board(manifest, records).rows[0].status == "done"


def test_a_figure_that_one_row_lacks_is_skipped_there():
    full = boards.evaluation("e 0", [boards.figure("truth/a", [0.0, 1.0]), boards.figure("truth/b", [0.0, 1.0])])
    half = boards.evaluation("f 0", [boards.figure("truth/a", [0.0, 1.0])])
    rows = [boards.row("dpo", cells("truth", [0], "e")), boards.row("rpo", cells("truth", [0], "f"))]
    board = make_board(boards.manifest(rows, ["truth"]), {"e 0": full, "f 0": half})
    assert rows_of(board)["rpo"].skipped["truth/b"].reason == "truth gave no such figure"


def test_two_evaluators_of_one_kind_are_told_apart_by_label():
    rows = [boards.row("dpo", [*cells("drift", [0], "a"), *cells("drift, long", [0], "b")])]
    records = {
        "a 0": boards.evaluation("a 0", [boards.figure("drift/kl", [0.0, 1.0])], evaluator="drift"),
        "b 0": boards.evaluation("b 0", [boards.figure("drift/kl", [2.0, 3.0])], evaluator="drift"),
    }
    found = make_board(boards.manifest(rows, ["drift", "drift, long"]), records).rows[0].metrics
    assert {name: m.mean for name, m in found.items()} == {"drift/kl": 0.5, "drift, long/kl": 2.5}


def test_another_unit_than_other_rows_use_is_refused():
    rows = [boards.row("dpo", cells("truth", [0], "a")), boards.row("rpo", cells("truth", [0], "b"))]
    records = {
        "a 0": boards.evaluation("a 0", [boards.figure("truth/score", [0.0, 1.0])]),
        "b 0": boards.evaluation("b 0", [boards.figure("truth/score", [0.0, 1.0], unit="nats")]),
    }
    assert (
        rows_of(make_board(boards.manifest(rows, ["truth"]), records))["rpo"].skipped["truth/score"].state == "failed"
    )


def test_the_reachable_best_stands_where_all_rows_agree():
    def board(*bests):
        rows = [boards.row(f"row {i}", cells("truth", [0], f"{i}")) for i in range(len(bests))]
        records = {
            f"{i} 0": boards.evaluation(f"{i} 0", [boards.figure("truth/score", [0.0, 1.0], best=best)])
            for i, best in enumerate(bests)
        }
        return make_board(boards.manifest(rows, ["truth"]), records).metrics[0].best

    assert board(0.8, 0.8) == 0.8
    assert board(0.8, 0.7) is None
    assert board(0.8, None) is None


def test_costs_are_summed_over_seeds_and_their_median_is_kept():
    rows = [boards.row("dpo", [*cells("train", [0, 1, 2], "t"), *cells("truth", [0, 1, 2], "e")])]
    records = {}
    for seed, seconds in enumerate((10.0, 90.0, 12.0)):
        cost = Cost(seconds=seconds, peak_bytes=100 * (seed + 1), prompts=50, response_tokens=7 + seed)
        records[f"t {seed}"] = boards.training(f"t {seed}", cost=cost)
        judged = Cost(seconds=1.0, sampled_tokens=30)
        records[f"e {seed}"] = boards.evaluation(f"e {seed}", [boards.figure("truth/score", [0.0, 1.0])], cost=judged)
    cost = make_board(boards.manifest(rows, ["truth"]), records).rows[0].cost
    assert (cost.train.seconds, cost.train.peak_bytes, cost.train.prompts) == (112.0, 300, 150)
    assert (cost.train_per_seed.seconds, cost.train_per_seed.response_tokens) == (12.0, 8)
    assert (cost.evaluate.seconds, cost.evaluate.sampled_tokens, cost.evaluate_per_seed.sampled_tokens) == (3.0, 90, 30)


def test_rows_without_training_cost_no_training():
    cost = make_board(*boards.one_metric({"base": [0.0, 1.0]})).rows[0].cost
    assert cost.train is None
    assert cost.train_per_seed is None


def test_what_training_and_evaluators_counted_is_kept_but_not_what_the_splits_count():
    rows = [boards.row("dpo", [*cells("train", [0, 1], "t"), *cells("truth", [0, 1], "e")])]
    notes = {"ledger": {"counted": {"prompts cut": 4, "ties": 9}, "dropped": {"no candidate preferred": 1}}}
    records = {f"t {s}": boards.training(f"t {s}", notes=notes) for s in (0, 1)}
    for seed in (0, 1):
        figure = boards.figure("truth/score", [0.0, 1.0])
        records[f"e {seed}"] = boards.evaluation(f"e {seed}", [figure], counted={"ties": 3})
    ledgers = {"train, seed 0": LedgerRecord(read=9, kept=9, dropped={}, counted={"ties": 9}, named=[])}
    found = make_board(boards.manifest(rows, ["truth"], ledgers=ledgers), records).rows[0].counted
    assert found == {"train": {"prompts cut": 8, "no candidate preferred": 2}, "truth": {"ties": 6}}


def test_a_run_of_which_nothing_is_there_is_still_a_board():
    manifest, _ = boards.core()
    board = make_board(manifest, {})
    assert {row.status for row in board.rows} == {"missing"}
    assert board.primary_metric is None
    assert [row.label for row in board.rows] == [row.label for row in manifest.rows]


def test_boards_load_neither_torch_nor_plugins(tmp_path):
    code = f"""
import sys
class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {{"torch", "transformers", "datasets", "harness_plugins"}}:
            raise ImportError(f"{{name}} must not be imported here")
sys.meta_path.insert(0, Forbidden())
import io, pathlib
import boards
from rich.console import Console
from harness.board import make_board
from harness.render import read_board, write_board
from harness.render.terminal import print_board
board = make_board(*boards.core(seeds=2, items=20))
folder = pathlib.Path({str(tmp_path)!r})
write_board(board, folder)
print_board(read_board(folder), Console(file=io.StringIO()))
assert "torch" not in sys.modules and not any(m.startswith("harness_plugins") for m in sys.modules)
"""
    where = boards.__file__.rpartition("/")[0]
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {where!r})\n{code}"], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert (tmp_path / "leaderboard.md").is_file()


def test_standard_errors_that_a_library_states_are_kept_beside_ours():
    made, records = [], {}
    for seed, stated in ((0, 0.02), (1, 0.03)):
        figure = boards.figure("lm_eval/task/acc", [0.0, 1.0, 1.0])
        own = boards.figure("lm_eval/task/own", [0.0, 1.0, 1.0])
        figures = [figure.model_copy(update={"standard_error": stated}), own]
        records[f"e {seed}"] = boards.evaluation(f"e {seed}", figures, evaluator="lm_eval")
        made += cells("lm_eval", [seed], "e")
    (row,) = make_board(boards.manifest([boards.row("dpo", made)], ["lm_eval"]), records).rows
    assert row.metrics["lm_eval/task/acc"].library_stderr == (0.02, 0.03)
    assert row.metrics["lm_eval/task/own"].library_stderr is None
