"""The audit as a step of a run: first, recorded, on the board, and no row waits for it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

import pytest
import toy

from harness.audit_checks import CHECKS
from harness.host import Registry
from harness.render import read_board
from harness.report.read import read_results
from harness.reporter import Reporter
from harness.run.execute import Executor
from harness.run.suite_run import data_of, plan_of, run_suite
from harness.store import Store
from harness.suite import read_suite


class Titles(Reporter):
    def __init__(self):
        self.seen = []

    def ended(self, title, state, reason, seconds):
        self.seen.append((title, state))


@dataclass(frozen=True)
class Leaky(toy.Toy):
    """Every test prompt is one of training, and two responses are equal."""

    name: ClassVar[str] = "leaky"

    def examples(self, split, seed, limit=None):
        return super().examples("train", 0, limit)


@pytest.fixture(scope="module")
def registry() -> Registry:
    import dataclasses

    known = toy.registry()
    return dataclasses.replace(known, sources=toy.offering(known.sources, Leaky))


def suite(folder, registry, source="toy"):
    path = toy.write_suite(folder, toy.SUITE.replace("source: toy", f"source: {source}"))
    return read_suite(str(path), registry=registry, sets=["seeds=[0]", "methods=[{policy: base}]"])


def executed(folder, registry, source="toy"):
    told = Titles()
    return run_suite(suite(folder, registry, source), registry, folder / "results", told), told.seen


def test_it_runs_first_once_and_without_a_model(tmp_path, registry):
    run, seen = executed(tmp_path, registry)
    assert seen[0] == ("audit of the data", "done")
    assert executed(tmp_path, registry)[1] == []
    record = Store(tmp_path / "results").record(run.manifest.audit.digest)
    assert record.kind == "audit"
    assert record.notes["audit"] == run.board.audit.model_dump(mode="json")
    assert not (Store(tmp_path / "results").folder(record.digest) / "policy").exists()


def test_the_board_holds_what_harness_data_says(tmp_path, registry):
    run, _ = executed(tmp_path, registry)
    told: list[tuple[int, int]] = []
    assert run.board.audit == data_of(suite(tmp_path, registry), progress=lambda *where: told.append(where))
    assert told
    names = [split.name for split in run.board.audit.splits]
    assert names == ["train", "validation", "test"]
    assert read_board(run.folder).audit == run.board.audit
    assert read_results([run.folder]).board.audit == run.board.audit
    page = (run.folder / "leaderboard.md").read_text()
    assert "## Audit of the data" in page
    assert "Looked for and not found" in page


def test_a_leak_stands_at_the_top_of_the_board(tmp_path, registry):
    run, _ = executed(tmp_path, registry, "leaky")
    page = (run.folder / "leaderboard.md").read_text()
    head = page.split("## Audit of the data")[0]
    assert "whose prompt is also in the train split: validation 12 of 12" in head
    assert run.exit_code == 0


def test_an_audit_that_fails_stops_nothing_and_is_told(tmp_path, registry, monkeypatch):
    def broken(*_):
        raise ValueError("no such thing")

    monkeypatch.setattr(Executor, "_audit", broken)
    run, seen = executed(tmp_path, registry)
    assert seen[0] == ("audit of the data", "failed")
    assert [state for title, state in seen if title.startswith("preference")] == ["done"]
    assert run.manifest.audit.state == "failed"
    assert (run.board.audit, run.board.unaudited) == (None, "ValueError: no such thing")
    assert "not audited: ValueError: no such thing" in (run.folder / "leaderboard.md").read_text()
    monkeypatch.undo()
    again, seen = executed(tmp_path, registry)
    assert seen == [("audit of the data", "done")]
    assert again.board.unaudited == ""


def test_a_record_of_another_release_is_said_to_be_one(tmp_path, registry):
    run, _ = executed(tmp_path, registry)
    path = Store(tmp_path / "results").folder(run.manifest.audit.digest) / "record.json"
    record = json.loads(path.read_text())
    record["notes"]["audit"].pop("splits")
    path.write_text(json.dumps(record))
    board = read_results([run.folder]).board
    assert board.audit is None
    assert "another release" in board.unaudited


def test_every_check_is_counted_in_every_split(tmp_path, registry):
    found = data_of(suite(tmp_path, registry))
    assert all(set(split.found) == {check.key for check in CHECKS} for split in found.splits)


def test_an_audit_is_planned_with_no_file_of_results(tmp_path, registry):
    assert plan_of(suite(tmp_path, registry), registry).steps[0].kind == "audit"
