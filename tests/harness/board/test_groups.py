import boards
import pytest

from harness.board.evidence import Evidence
from harness.board.groups import ledger_groups
from harness.records import Cell


def trained(ledgers):
    """Cells of one row's training: seed -> (read, kept, dropped), or None where no ledger is noted."""
    made = []
    for seed, found in ledgers.items():
        notes = {} if found is None else {"ledger": dict(zip(("read", "kept", "dropped"), found, strict=True))}
        notes.get("ledger", {})["counted"] = {"prompts cut": seed}
        made.append(
            Evidence(Cell(what="train", seed=seed, digest=f"{seed}", state="done"), boards.training("", notes=notes))
        )
    return made


ALL, FEWER = (10, 10, {}), (10, 9, {"no candidate preferred": 1})


def test_rows_that_saw_the_same_form_no_groups():
    assert ledger_groups({"a": trained({0: ALL, 1: FEWER}), "b": trained({0: ALL, 1: FEWER})}) == ({}, {})
    assert ledger_groups({}) == ({}, {})


def test_rows_that_a_conversion_left_with_fewer_stand_apart():
    of_rows, groups = ledger_groups({"a": trained({0: ALL, 1: ALL}), "b": trained({0: ALL, 1: FEWER})})
    assert of_rows == {"a": "A", "b": "B"}
    assert groups == {
        "A": "10 of 10 examples kept (a)",
        "B": "10 of 10 examples kept; 9 of 10 examples kept, 1 no candidate preferred (b)",
    }


def test_only_seeds_that_both_have_are_held_against_each_other():
    rows = {"a": trained({0: ALL, 1: FEWER}), "b": trained({0: ALL}), "c": trained({1: FEWER})}
    assert ledger_groups(rows) == ({}, {})


def test_without_a_common_seed_it_is_why_examples_were_dropped_that_counts():
    assert ledger_groups({"a": trained({0: ALL}), "again": trained({5: ALL})}) == ({}, {})
    more = (10, 7, {"no candidate preferred": 3})
    assert ledger_groups({"a": trained({0: FEWER}), "again": trained({5: more})}) == ({}, {})
    assert ledger_groups({"a": trained({0: ALL}), "again": trained({5: FEWER})})[0] == {"a": "A", "again": "B"}


@pytest.mark.parametrize("dropped", [{"why": 0}, {}])
def test_what_was_counted_or_not_dropped_tells_nothing_apart(dropped):
    assert ledger_groups({"a": trained({0: ALL}), "b": trained({0: (10, 10, dropped)})}) == ({}, {})


def test_records_without_a_ledger_stand_in_no_group():
    of_rows, _ = ledger_groups({"a": trained({0: ALL}), "b": trained({0: None}), "c": trained({0: FEWER})})
    assert of_rows == {"a": "A", "c": "B"}
