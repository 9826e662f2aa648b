import boards
import gates

from harness.gate.baseline import baseline_of
from harness.gate.check import check
from harness.gate.margins import Settings


def against(before, after):
    return check(baseline_of(*before), *after, Settings())


def lost(found):
    return [(one.kind, one.row, one.metric, one.reason) for one in found.losses]


def without(run, label, what=None, seeds=(0, 1, 2), state="failed", reason="the loss is not finite"):
    """The run with cells of a row that came to nothing; all of its evaluators where none is named."""
    manifest, records = run
    rows, gone = [], set()
    for row in manifest.rows:
        cells = []
        for cell in row.cells:
            if row.label == label and cell.what in (what or cell.what) and cell.seed in seeds:
                gone.add(cell.digest)
                cell = cell.model_copy(update={"state": state, "reason": reason})
            cells.append(cell)
        rows.append(row.model_copy(update={"cells": cells}))
    return manifest.model_copy(update={"rows": rows}), {k: v for k, v in records.items() if k not in gone}


def without_row(run, label):
    manifest, records = run
    return manifest.model_copy(update={"rows": [row for row in manifest.rows if row.label != label]}), records


def without_figure(run, label, metric):
    manifest, records = run
    made = {}
    for name, record in records.items():
        if record.results is not None and f" {label} " in name:
            figures = [figure for figure in record.results.figures if figure.metric != metric]
            record = record.model_copy(update={"results": record.results.model_copy(update={"figures": figures})})
        made[name] = record
    return manifest, made


def test_a_row_that_the_suite_no_longer_has_is_lost():
    found = against(boards.core(), without_row(boards.core(), "rpo"))
    assert lost(found) == [("row", "rpo", "", "the run's suite has no such row")]
    assert (found.verdict, found.exit_code) == ("regression", 1)


def test_a_row_that_failed_is_lost_with_its_reason():
    found = against(boards.core(), without(boards.core(), "rpo"))
    assert lost(found) == [("row", "rpo", "", "train failed at seeds 0-2: the loss is not finite")]
    assert found.verdict == "regression"


def test_a_row_that_was_not_run_is_lost():
    manifest, records = boards.core()
    left = {name: record for name, record in records.items() if " sft " not in name}
    found = against(boards.core(), (manifest, left))
    assert [(one.kind, one.row) for one in found.losses] == [("row", "sft")]
    assert "its record is not in the results folder" in found.losses[0].reason


def test_a_metric_that_a_row_lost_is_named_with_its_reason():
    found = against(boards.core(), without_figure(boards.core(), "rpo", "truth/reward"))
    assert lost(found) == [("metric", "rpo", "truth/reward", "skipped: truth gave no such figure")]
    assert found.verdict == "regression"


def test_an_evaluator_that_failed_loses_each_of_its_metrics():
    found = against(boards.core(), without(boards.core(), "dpo", {"drift"}, reason="out of memory"))
    assert {(one.kind, one.row) for one in found.losses} == {("metric", "dpo")}
    assert [one.metric for one in found.losses] == [
        f"drift/{name}" for name in ("kl", "length", "entropy", "unfinished")
    ]
    assert {one.reason for one in found.losses} == {"failed: out of memory"}


def test_an_evaluator_that_failed_everywhere_loses_them_with_the_reason():
    run = boards.core()
    for label in boards.SHIFTS:
        run = without(run, label, {"drift"}, (None, 0, 1, 2), reason="no more drift")
    found = against(boards.core(), run)
    assert {one.reason for one in found.losses} == {"failed: no more drift"}
    assert len(found.losses) == 6 * 4


def test_a_metric_that_the_suite_no_longer_has_is_lost():
    manifest, records = boards.core()
    rows = [row.model_copy(update={"cells": [c for c in row.cells if c.what != "drift"]}) for row in manifest.rows]
    found = against(boards.core(), (manifest.model_copy(update={"rows": rows, "evaluators": []}), records))
    assert {one.reason for one in found.losses} == {"the run's suite has no such metric"}


def test_another_unit_or_direction_is_another_figure():
    before = boards.one_metric({"dpo": gates.table()})
    unit = against(before, boards.one_metric({"dpo": gates.table()}, unit="percent"))
    assert lost(unit) == [
        ("metric", "dpo", "truth/score", "it is another figure now: its unit was 'fraction' and is 'percent'")
    ]
    assert unit.figures == ()
    turned = against(before, boards.one_metric({"dpo": gates.table()}, higher=False))
    assert lost(turned) == [
        ("metric", "dpo", "truth/score", "it is another figure now: which way is better has changed")
    ]


def test_a_seed_that_failed_is_lost_once_for_the_row():
    found = against(boards.core(), boards.core(without=[("rpo", 2)]))
    assert lost(found) == [
        ("seed", "rpo", "", "seed 2: train failed at seed 2: DataError: the loss is not finite at step 17")
    ]
    assert found.verdict == "regression"
    assert all("seeds 0-2 against seeds 0-1" in one.how for one in found.figures if one.row == "rpo")


def test_a_seed_that_one_evaluator_lost_is_named_metric_by_metric():
    found = against(boards.core(), without(boards.core(), "rpo", {"drift"}, seeds=(1,), reason="out of memory"))
    assert [(one.kind, one.row, one.metric) for one in found.losses] == [
        ("seed", "rpo", f"drift/{name}") for name in ("kl", "length", "entropy", "unfinished")
    ]
    assert "seed 1 failed: out of memory" in found.losses[0].reason


def test_what_the_baseline_lacked_as_well_is_not_lost():
    run = boards.core(without=[("rpo", 2)])
    found = against(run, run)
    assert (found.verdict, found.losses) == ("holds", ())


def test_seeds_no_longer_planned_and_new_ones_are_notes():
    fewer = against(boards.core(seeds=4), boards.core(seeds=3))
    assert (fewer.losses, fewer.verdict) == ((), "holds")
    assert "dpo: seed 3 of the baseline no longer planned" in fewer.notes
    more = against(boards.core(seeds=3), boards.core(seeds=5, without=[("dpo", 4)]))
    assert more.losses == ()
    assert "dpo: seeds 3-4 new, of which seed 4 has no figure" in more.notes


def test_new_rows_and_metrics_are_notes():
    found = against(without_row(boards.core(), "rpo"), boards.core())
    assert found.verdict == "holds"
    assert found.notes == ("new rows, held to nothing: rpo",)
    bare = boards.core()
    for label in boards.SHIFTS:
        bare = without_figure(bare, label, "truth/reward")
    found = against(bare, boards.core())
    assert found.notes == ("new metrics, held to nothing: truth/reward",)
    assert not [one for one in found.figures if one.metric == "truth/reward"]
