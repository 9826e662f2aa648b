import boards
import numpy as np

from harness.records import Cell, Provenance, SharedStep
from harness.report.surroundings import surroundings

HOST = {"processor": "one", "cores": 2, "gpus": []}


def at(record, *, host=HOST, engine=None, versions=None, plugins=None):
    found = Provenance(
        started=f"2026-01-01 {record.digest}", host=host, versions=versions or {}, plugins=plugins or {},
        engine=engine or {},
    )  # fmt: skip
    return record.model_copy(update={"provenance": found})


def plugin(sources):
    return {"distribution": "alignment-harness", "version": "0.1.0", "sources": sources}


def run(*changes):
    """One row for each change, of two steps; the change is that of its training."""
    manifest, records = boards.one_metric({f"row {n}": np.zeros((1, 4)) for n in range(len(changes))})
    for n, change in enumerate(changes):
        for name in (f"t row {n} 0", f"e row {n} 0"):
            records[name] = at(records[name], **change)
    return manifest, records, [row.label for row in manifest.rows][::-1]


def test_steps_that_ran_alike_stand_together_with_their_rows_as_the_board_has_them():
    (found,) = surroundings(*run({}, {}))
    assert (found.steps, found.rows, found.host) == (4, ("row 1", "row 0"), HOST)


def test_most_steps_come_first_and_machines_and_versions_stand_apart():
    found = surroundings(*run({"versions": {"torch": "1"}}, {}, {}, {"host": {**HOST, "processor": "two"}}))
    assert [one.steps for one in found] == [4, 2, 2]
    assert found[0].rows == ("row 2", "row 1")


def test_what_only_some_steps_used_is_put_together():
    found = surroundings(
        *run(
            {"engine": {"device": "cpu"}, "plugins": {"dpo": plugin("a")}},
            {"engine": {"device": "cpu", "decoding": "lean"}, "plugins": {"dpo": plugin("a"), "drift": plugin("b")}},
        )
    )
    assert len(found) == 1
    assert found[0].engine == {"device": "cpu", "decoding": "lean"}
    assert list(found[0].plugins) == ["dpo", "drift"]


def test_a_plugin_with_other_sources_and_another_engine_stand_apart():
    assert len(surroundings(*run({"plugins": {"dpo": plugin("a")}}, {"plugins": {"dpo": plugin("b")}}))) == 2
    assert len(surroundings(*run({"engine": {"device": "cpu"}}, {"engine": {"device": "cuda"}}))) == 2


def test_shared_steps_count_for_the_rows_that_need_them_and_steps_not_done_for_nobody():
    manifest, records, order = run({}, {})
    records["base"] = at(boards.training("base"), engine={"threads": 2})
    del records["t row 0 0"]
    shared = [SharedStep(what="base model", digest="base", rows=["row 0"]), SharedStep(what="x", digest="y", rows=[])]
    manifest = manifest.model_copy(
        update={"shared": shared, "audit": Cell(what="audit", seed=None, digest="a", state="missing")}
    )
    (found,) = surroundings(manifest, records, order)
    assert (found.steps, found.engine) == (4, {"threads": 2})


def test_a_run_of_which_nothing_is_there_ran_nowhere():
    manifest, _, order = run({})
    assert surroundings(manifest, {}, order) == ()
