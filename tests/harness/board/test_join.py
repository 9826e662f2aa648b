import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.board.join import joined
from harness.board.run_results import RunResults
from harness.errors import HarnessError
from harness.records import LedgerRecord, Published, SharedStep, StatisticsRecord

AS_RUN = {
    "data": {"source": "world", "noise": 0.1},
    "seeds": [0, 1, 2],
    "methods": [{"method": "dpo", "label": "dpo", "seeds": [0, 1, 2]}],
    "evaluators": [{"evaluator": "truth", "label": "truth", "options": {}}],
}


def table(seed, seeds=3, mean=0.5):
    return np.random.default_rng(seed).normal(mean, 0.1, (seeds, 30))


def run(name, tables, **changes):
    """A results folder of `boards.one_metric`, with the same figures for a row of the same label and values."""
    manifest, records = boards.one_metric(tables, **{"as_run": AS_RUN, **changes})
    return RunResults(name, manifest, records)


def part(whole, name, *, rows=None, seeds=None):
    """The rows or seeds of a run that another machine did."""
    kept = [row for row in whole.manifest.rows if rows is None or row.label in rows]
    kept = [r.model_copy(update={"cells": [c for c in r.cells if seeds is None or c.seed in seeds]}) for r in kept]
    digests = {cell.digest for row in kept for cell in row.cells}
    records = {digest: record for digest, record in whole.records.items() if digest in digests}
    return RunResults(name, whole.manifest.model_copy(update={"rows": kept}), records)


def changed(found, **fields):
    return RunResults(found.name, found.manifest.model_copy(update=fields), found.records)


def with_row(found, label, **fields):
    rows = [row.model_copy(update=fields) if row.label == label else row for row in found.manifest.rows]
    return changed(found, rows=rows)


def with_records(found, change):
    return RunResults(found.name, found.manifest, {digest: change(record) for digest, record in found.records.items()})


def board(*runs):
    found = joined(runs)
    return make_board(found.manifest, found.records, found.notes)


def refused(*runs):
    with pytest.raises(HarnessError) as caught:
        joined(runs)
    return caught.value.problem


@pytest.fixture
def whole():
    return run("whole", {"base": table(9)[0], "sft": table(1), "dpo": table(2), "rpo": table(3)})


def test_one_folder_is_what_it_is(whole):
    assert joined([whole]).manifest is whole.manifest
    assert joined([whole]).notes == ()


def test_rows_of_two_machines_make_the_board_of_one(whole):
    found = board(part(whole, "a", rows={"base", "sft"}), part(whole, "b", rows={"sft", "dpo", "rpo"}))
    assert found == make_board(whole.manifest, whole.records)
    assert found.notes == ()


def test_seeds_of_two_machines_make_the_board_of_one(whole):
    found = board(part(whole, "a", seeds={None, 1}), part(whole, "b", seeds={0, 2}))
    assert found == make_board(whole.manifest, whole.records)


def test_a_cell_is_taken_from_where_it_is_done(whole):
    other = part(whole, "b")
    failed = [
        cell.model_copy(update={"state": "failed", "reason": "out of memory"}) for cell in whole.manifest.rows[2].cells
    ]
    digests = {cell.digest for cell in failed}
    broken = with_row(whole, "dpo", cells=failed)
    broken = RunResults("a", broken.manifest, {d: r for d, r in whole.records.items() if d not in digests})
    assert board(broken, other) == board(other, broken) == make_board(whole.manifest, whole.records)


def test_a_cell_whose_record_is_gone_is_taken_from_where_it_is_there(whole):
    without = RunResults("a", whole.manifest, {})
    assert board(without, whole) == make_board(whole.manifest, whole.records)


def test_of_what_nobody_has_done_a_failure_is_told_before_what_was_not_run(whole):
    def cells(state, reason):
        row = whole.manifest.rows[2]
        return [c.model_copy(update={"state": state, "reason": reason, "digest": None}) for c in row.cells]

    missing = with_row(whole, "dpo", cells=cells("missing", "not run yet"))
    failed = with_row(whole, "dpo", cells=cells("failed", "out of memory"))
    assert {c.reason for c in joined([missing, failed]).manifest.rows[2].cells} == {"out of memory"}


def test_an_evaluator_that_one_suite_has_is_missing_in_the_rows_of_the_other(whole):
    added = run("b", {"hypo": table(4)}, metric="drift/kl")
    found = board(whole, added)
    rows = {row.label: row for row in found.rows}
    assert [heading.name for heading in found.metrics] == ["truth/score", "drift/kl"]
    assert rows["dpo"].skipped["drift/kl"].state == "missing"
    assert rows["dpo"].skipped["drift/kl"].reason == "the suite of whole has no such evaluator"
    assert rows["hypo"].skipped["truth/score"].reason == "the suite of b has no such evaluator"


def test_the_suite_as_run_has_the_rows_and_seeds_of_all(whole):
    suite = {**AS_RUN, "seeds": [3], "methods": [{"method": "dpo", "label": "dpo", "seeds": [3]}, {"label": "rpo"}]}
    other = changed(part(whole, "b"), as_run=suite, suite_digest="1" * 32)
    found = joined([whole, other]).manifest
    assert found.as_run["seeds"] == [0, 1, 2, 3]
    assert found.as_run["methods"] == [{"method": "dpo", "label": "dpo", "seeds": [0, 1, 2, 3]}, {"label": "rpo"}]
    assert found.suite_digest not in {"0" * 32, "1" * 32}
    assert whole.manifest.as_run["methods"][0]["seeds"] == [0, 1, 2]


def test_ledgers_shared_steps_and_published_figures_are_united(whole):
    ledger = LedgerRecord(read=5, kept=5, dropped={}, counted={}, named=[])
    stated = [Published(row="dpo", metric="truth/score", per_seed={"0": 0.5}, source="a paper")]
    step = SharedStep(what="base model", digest="m", rows=["dpo"])
    one = changed(whole, ledgers={"test": ledger}, shared=[step], published=stated)
    two = changed(
        part(whole, "b"),
        ledgers={"test": ledger, "train, seed 3": ledger},
        shared=[step.model_copy(update={"rows": ["rpo", "dpo"]})],
        published=stated,
    )
    found = joined([one, two]).manifest
    assert list(found.ledgers) == ["test", "train, seed 3"]
    assert found.shared == [step.model_copy(update={"rows": ["dpo", "rpo"]})]
    assert found.published == stated
    assert list(joined([two, one]).manifest.ledgers) == ["test", "train, seed 3"]


def test_another_suite_is_refused_by_name(whole):
    told = refused(whole, changed(part(whole, "b"), suite="smoke"))
    assert "whole (here) and b (there)" in told
    assert 'suite: "core" here, "smoke" there' in told


def test_every_reason_is_told_at_once(whole):
    other = changed(part(whole, "b"), as_run={**AS_RUN, "data": {"source": "world", "noise": 0.2}})
    other = with_row(other, "dpo", options={"beta": 9}, version="0.2.0")
    told = refused(whole, other)
    assert "data.noise: 0.1 here, 0.2 there" in told
    assert "row dpo: options.beta: not stated here, 9 there" in told
    assert 'row dpo: version: "0.1.0" here, "0.2.0" there' in told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"training": {"learning_rate": 0.5, "schedule": "cosine", "clip": 1.0}}, "row dpo: training.learning_rate"),
        ({"method": "ipo"}, 'row dpo: method: "dpo" here, "ipo" there'),
        ({"prompts": 5}, "row dpo: prompts"),
        ({"control": True}, "row dpo: control"),
        ({"distribution": "third-party"}, "row dpo: distribution"),
    ],
)
def test_a_row_of_one_label_that_is_another_row_is_refused(whole, fields, told):
    assert told in refused(whole, with_row(part(whole, "b"), "dpo", **fields))


def test_other_examples_are_refused_wherever_broken_ones_were_found(whole):
    ledger = LedgerRecord(read=9, kept=7, dropped={"tie": 2}, counted={}, named=["/here/p.jsonl:3"])
    one = changed(whole, ledgers={"test": ledger})
    moved = ledger.model_copy(update={"named": ["/there/p.jsonl:3"]})
    assert joined([one, changed(part(whole, "b"), ledgers={"test": moved})])
    other = ledger.model_copy(update={"kept": 8, "dropped": {"tie": 1}})
    told = refused(one, changed(part(whole, "b"), ledgers={"test": other}))
    assert "examples of test.kept: 7 here, 8 there" in told
    assert "examples of test.dropped.tie: 2 here, 1 there" in told


def test_evaluations_on_other_data_or_with_other_code_are_refused(whole):
    def source(content):
        def change(record):
            identity = {**record.identity, "source": {"content": content}, "subject": record.digest}
            return record.model_copy(update={"identity": identity})

        return change

    one, other = (with_records(whole, source(content)) for content in ("ab", "cd"))
    assert 'evaluations by truth.source.content: "ab" here, "cd" there' in refused(one, other)
    assert joined([one, with_records(part(whole, "b", rows={"rpo"}), source("ab"))])


def test_a_cell_done_by_another_step_is_refused(whole):
    cells = [cell.model_copy(update={"digest": "x" + (cell.digest or "")}) for cell in whole.manifest.rows[2].cells]
    records = {
        f"x{digest}": record.model_copy(
            update={"digest": f"x{digest}", "identity": {**record.identity, "columns": [f"x{digest}"]}}
        )
        for digest, record in whole.records.items()
    }
    other = RunResults("b", with_row(whole, "dpo", cells=cells).manifest, {**whole.records, **records})
    told = refused(whole, other)
    assert "row dpo: train seeds 0-2 is of another step here than there; identity.columns: not stated here, [" in told
    assert "row sft" not in told


def test_an_again_row_with_seeds_of_the_row_it_repeats_is_refused():
    one = run("a", {"dpo": table(1), "dpo again": table(2)}, again={"dpo again": "dpo"})
    late = run("b", {"dpo": table(3)})
    cells = [cell.model_copy(update={"seed": (cell.seed or 0) + 100}) for cell in late.manifest.rows[0].cells]
    late = with_row(late, "dpo", cells=[c.model_copy(update={"digest": f"late {c.digest}"}) for c in cells])
    with pytest.raises(
        HarnessError, match="dpo again repeats dpo at other seeds, but together they share seeds 100-102"
    ):
        joined([one, late])


def test_of_three_folders_any_two_must_belong_together(whole):
    stranger = with_row(part(whole, "c"), "rpo", options={"beta": 3})
    assert "b (here) and c (there)" in refused(part(whole, "a", rows={"sft"}), part(whole, "b", rows={"rpo"}), stranger)


def test_rows_run_twice_with_other_figures_are_told_and_the_first_are_shown(whole):
    other = run("b", {"dpo": table(2) + 1e-9})
    found = board(whole, other)
    assert found.rows == make_board(whole.manifest, whole.records).rows
    assert [note.partition(":")[0] for note in found.notes] == ["Run twice"]
    assert found.notes[0].endswith("dpo seeds 0-2.")
    assert board(other, whole).rows != found.rows


def model(found, weights):
    """The run with a base model of these weights, which all rows need; None: the record does not tell."""
    notes = {} if weights is None else {"weights": weights}
    record = boards.training("m", notes={**notes, "by": found.name}).model_copy(update={"kind": "model"})
    rows = [row.label for row in found.manifest.rows]
    step = SharedStep(what="base model", digest="m", rows=rows)
    return RunResults(found.name, found.manifest.model_copy(update={"shared": [step]}), {**found.records, "m": record})


def test_base_models_that_are_not_alike_are_told_with_their_rows(whole):
    one, other = part(whole, "a", rows={"base", "sft"}), part(whole, "b", rows={"sft", "dpo", "rpo"})
    (note,) = board(model(one, "a" * 32), model(other, "b" * 32)).notes
    assert note.startswith("Different base models: ")
    assert note.endswith("weights aaaaaaaaaaaa: base, sft; weights bbbbbbbbbbbb: dpo, rpo.")
    assert board(model(one, "a" * 32), model(other, "a" * 32)).notes == ()


def test_base_models_whose_weights_are_not_recorded_are_not_taken_for_equal(whole):
    one, other = part(whole, "a", rows={"sft"}), part(whole, "b", rows={"dpo"})
    (note,) = board(model(one, None), model(other, None)).notes
    assert note.startswith("Base models not known: ")
    (note,) = board(model(one, "a" * 32), model(other, None)).notes
    assert note.startswith("Base models not known: ")
    assert note.endswith("weights aaaaaaaaaaaa: sft; weights not recorded: dpo.")


def test_a_base_model_that_no_row_on_the_board_is_from_is_not_told(whole):
    assert board(model(whole, "a" * 32), model(part(whole, "b"), "b" * 32)).notes == ()


def test_other_statistics_and_studies_are_told(whole):
    other = changed(part(whole, "b"), statistics=StatisticsRecord(baseline="rpo"))
    assert [note.partition(":")[0] for note in joined([whole, other]).notes] == ["Compared as the first states"]
    assert joined([whole, other]).manifest.statistics == whole.manifest.statistics
