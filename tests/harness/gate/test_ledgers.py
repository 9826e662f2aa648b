import boards
import gates
import numpy as np

from harness.gate.baseline import baseline_of
from harness.gate.check import check
from harness.gate.ledgers import ledger_changed
from harness.gate.margins import Settings
from harness.records import LedgerRecord


def ledger(read=100, kept=90, dropped=None, counted=None):
    return LedgerRecord(
        read=read, kept=kept, dropped={"too long": 10} if dropped is None else dropped, counted=counted or {}, named=[]
    )


def test_equal_ledgers_say_nothing():
    assert list(ledger_changed({"test": ledger()}, {"test": ledger(), "train, seed 0": ledger()})) == []


def test_every_count_that_differs_is_a_sentence():
    found = list(
        ledger_changed(
            {"test": ledger(counted={"ties": 3})},
            {"test": ledger(read=1100, kept=1090, dropped={"too long": 9, "empty": 1})},
        )
    )
    assert found == [
        "test: 100 examples read in the baseline, 1,100 now",
        "test: 90 examples kept in the baseline, 1,090 now",
        "test: dropped as 'too long': 10 in the baseline, 9 now",
        "test: dropped as 'empty': 0 in the baseline, 1 now",
        "test: counted as 'ties': 3 in the baseline, 0 now",
    ]


def test_a_split_that_is_gone_is_a_sentence():
    assert list(ledger_changed({"test": ledger()}, {})) == ["test: the run has no such split"]


def test_a_ledger_that_changed_is_a_regression():
    manifest, records = boards.core()
    ledgers = {**manifest.ledgers, "test": ledger(read=320, kept=319, dropped={"empty": 1})}
    found = check(baseline_of(manifest, records), manifest.model_copy(update={"ledgers": ledgers}), records, Settings())
    assert (found.verdict, found.exit_code) == ("regression", 1)
    assert found.ledger == (
        "test: 320 examples kept in the baseline, 319 now",
        "test: dropped as 'empty': 0 in the baseline, 1 now",
    )


def run_on(items_by_row, higher=True):
    """A run of untrained rows, each judged on items of its own."""
    rows, records = [], {}
    for label, items in items_by_row.items():
        values = np.linspace(0.2, 0.8, len(items))
        records[label] = boards.evaluation(label, [boards.figure("truth/score", values, higher=higher)], items=items)
        rows.append(
            boards.row(label, [boards.Cell(what="truth", seed=None, digest=label, state="done")], method="oracle")
        )
    return boards.manifest(rows, ["truth"]), records


def ids(first, last):
    return [f"item {j}" for j in range(first, last)]


def test_other_items_are_told_once_for_a_metric():
    found = check(
        baseline_of(*run_on({"a": ids(0, 10), "b": ids(0, 10)})),
        *run_on({"a": ids(1, 11), "b": ids(1, 11)}),
        Settings(),
    )
    assert found.ledger == ("truth/score: 1 of 10 items of the baseline are not in the run, and 1 are new",)


def test_the_same_items_in_another_order_are_the_same():
    baseline = baseline_of(*run_on({"a": ids(0, 10), "b": ids(0, 10)}))
    found = check(baseline, *run_on({"a": ids(0, 10)[::-1], "b": ids(0, 10)}), Settings())
    assert found.ledger == ()


def test_items_that_are_part_of_the_outcome_are_a_note():
    baseline = baseline_of(*run_on({"a": ids(0, 10), "b": ids(0, 9)}))
    found = check(baseline, *run_on({"a": ids(0, 8), "b": ids(0, 9)}), Settings())
    assert found.ledger == ()
    assert found.notes == (
        "truth/score: 2 of 10 items of the baseline are not in the run; which items it stands on may be part of the "
        "outcome",
    )


def test_a_run_with_its_items_in_two_halves_is_paired_on_what_is_common():
    found = check(baseline_of(*run_on({"a": ids(0, 10)})), *run_on({"a": ids(5, 15)}), gates.EXACT)
    assert "N=5 items, paired" in found.figures[0].how


def test_items_of_a_metric_without_direction_are_a_note():
    found = check(baseline_of(*run_on({"a": ids(0, 10)}, None)), *run_on({"a": ids(1, 11)}, None), Settings())
    assert found.ledger == ()
    assert len(found.notes) == 2
    assert found.notes[0].startswith("no figure could be tested: neither more nor less")
    assert "which items it stands on" in found.notes[1]


def test_items_that_differ_between_seeds_are_a_note():
    def run_of(first, second):
        records = {
            f"{seed}": boards.evaluation(
                f"{seed}", [boards.figure("truth/score", np.linspace(0.2, 0.8, len(items)))], items=items
            )
            for seed, items in enumerate((first, second))
        }
        cells = [boards.Cell(what="truth", seed=seed, digest=f"{seed}", state="done") for seed in (0, 1)]
        return boards.manifest([boards.row("dpo", cells)], ["truth"]), records

    found = check(baseline_of(*run_of(ids(0, 9), ids(1, 10))), *run_of(ids(0, 8), ids(0, 9)), Settings())
    assert found.ledger == ()
    assert len(found.notes) == 1
