import io
import json
import os
import signal
import time

import psutil
import pytest
import toy
from forked import forked
from rich.console import Console

from harness.cli.progress import BarReporter
from harness.errors import HarnessError, StoreError
from harness.render import stable_view
from harness.reporter import Reporter
from harness.run import run_plan
from harness.run.crew import Crew
from harness.run.suite_run import run_suite
from harness.store import Store
from harness.suite import read_suite


class Recorder(Reporter):
    def __init__(self):
        self.seen, self.begun, self.said, self.lost = [], [], [], 0

    def step(self, title):
        self.begun.append(title)
        return lambda _done, _total: None

    def ended(self, title, state, reason, seconds):
        self.seen.append((title, state, reason))

    def say(self, text):
        self.said.append(text)

    def left_out(self, steps):
        self.lost += steps


@pytest.fixture(autouse=True)
def _two_workers(monkeypatch):
    """Of one thread each: this process may have computed, and forks of it then have no other threads."""
    monkeypatch.setattr(run_plan, "crew_for", lambda _plan, wanted: Crew(wanted, 1, 1))


def execute(folder, *sets, text=toy.SUITE, workers=2):
    folder.mkdir(exist_ok=True)
    suite = read_suite(str(toy.write_suite(folder, text)), registry=toy.registry(), sets=sets)
    recorder = Recorder()
    return run_suite(suite, toy.registry(), folder / "results", recorder, workers=workers), recorder


def view(finished):
    return stable_view(json.loads((finished.folder / "leaderboard.json").read_text()))


def judged_by(how):
    return toy.SUITE.replace("[preference]", f"[preference, {{evaluator: broken, options: {{how: {how}}}}}]")


def children():
    return psutil.Process().children(recursive=True)


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_plan, "crew_for", lambda _plan, wanted: Crew(wanted, 1, 1))
        folder = tmp_path_factory.mktemp("both")
        return execute(folder / "one", workers=1), execute(folder / "two", workers=2)


def test_two_processes_give_the_board_of_one(both):
    (one, _), (two, _) = both
    assert view(two) == view(one)


def test_no_bars_are_drawn_while_a_process_is_forked(tmp_path, monkeypatch):
    """The thread that draws them holds locks now and then, and in a fork nobody would give them back."""
    bars = BarReporter(Console(file=io.StringIO(), force_terminal=True))
    fork, drawn = os.fork, []

    def forking():
        drawn.append(bars._progress.live.is_started)
        return fork()

    monkeypatch.setattr(os, "fork", forking)
    bars.begin(3)  # of studies, some of which had less to run than was thought
    suite = read_suite(str(toy.write_suite(tmp_path)), registry=toy.registry(), sets=["seeds=[0]", "methods=[sft]"])
    run_suite(suite, toy.registry(), tmp_path / "results", bars, workers=2)
    assert drawn == [False]


def test_every_step_runs_once_after_what_it_needs(both):
    (one, _), (two, told) = both
    steps = {step.title: step for step in two.plan.steps}
    assert sorted(title for title, _, _ in told.seen) == sorted(steps) == sorted(s.title for s in one.plan.steps)
    digests = {step.digest: step.title for step in two.plan.steps}
    for place, title in enumerate(told.begun):
        assert {digests[need] for need in steps[title].needs} <= set(told.begun[:place])


def test_records_tell_how_many_worked(both):
    (_, _), (two, _) = both
    store = Store(two.folder.parent)
    records = store.records(step.digest for step in two.plan.steps)
    assert {record.provenance.host["workers"] for record in records.values()} == {2}
    assert {record.provenance.engine["threads"] for record in records.values() if record.provenance.engine} == {1}


def test_nothing_is_left_behind(both):
    _, (two, _) = both
    assert list((two.folder.parent / "tmp").iterdir()) == []
    assert children() == []


def test_a_second_run_forks_nothing(both, monkeypatch):
    (one, _), _ = both
    monkeypatch.setattr(os, "fork", None)
    _, told = execute(one.folder.parents[1], workers=2)
    assert told.seen == []


def test_a_step_that_raises_fails_alone_and_leaves_its_traceback(tmp_path):
    finished, told = execute(tmp_path, "seeds=[0]", text=judged_by("fails"))
    failed = [(title, reason) for title, state, reason in told.seen if state == "failed"]
    assert [reason for _, reason in failed] == ["ZeroDivisionError: on purpose"] * 4
    notes = [json.loads(path.read_bytes()) for path in (tmp_path / "results" / "failed").iterdir()]
    assert all("in evaluate" in note["traceback"] for note in notes)
    assert all(c.state == "done" for row in finished.manifest.rows for c in row.cells if c.what != "broken")


def test_a_process_that_dies_fails_its_step_and_is_replaced(tmp_path):
    finished, told = execute(tmp_path, "seeds=[0]", text=judged_by("dies"))
    reasons = {reason for _, state, reason in told.seen if state == "failed"}
    assert reasons == {
        "the process that ran it was ended by signal 9 (SIGKILL), perhaps because memory ran out "
        "(fix: run again; if it happens again, with --workers 1)"
    }
    cells = [cell for row in finished.manifest.rows for cell in row.cells]
    assert {cell.state for cell in cells if cell.what != "broken"} == {"done"}
    assert {cell.state for cell in cells if cell.what == "broken"} == {"failed"}
    assert list((tmp_path / "results" / "tmp").iterdir()) == []


def test_what_needs_a_step_that_failed_never_begins(tmp_path):
    sets = ("seeds=[0]", "methods=[{method: sft, training: {learning_rate: 1e30, clip: null}}]")
    finished, told = execute(tmp_path, *sets)
    (failure,) = (tmp_path / "results" / "failed").iterdir()
    assert told.lost == 1
    assert told.said == [f"1 step that needs it: failed too; traceback: {failure}"]
    assert not any(title.startswith("preference") for title in told.begun)
    assert {cell.state for row in finished.manifest.rows for cell in row.cells} == {"failed"}


def test_a_folder_that_cannot_be_written_ends_the_run(tmp_path, monkeypatch):
    def full(*_):
        raise StoreError("it cannot be written: no space", fix="make room")

    monkeypatch.setattr(Store, "fail", full)
    with pytest.raises(StoreError, match="no space\n  fix: make room"):
        execute(tmp_path, "seeds=[0]", text=judged_by("fails"))
    assert children() == []


def test_a_process_that_cannot_be_had_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.run.processes.nursery", lambda *_: os._exit(3))
    with pytest.raises(HarnessError, match="no process can be started"):
        execute(tmp_path, "seeds=[0]")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_outlives_a_run_that_is_ended(tmp_path, number):
    run = forked(_hang, tmp_path)
    hanging = tmp_path / "results" / "shared" / "hanging"
    until = time.monotonic() + 60
    while len(list(hanging.glob("*"))) < 2:
        assert time.monotonic() < until
        time.sleep(0.02)
    workers = [psutil.Process(int(path.name)) for path in hanging.iterdir()]
    os.kill(run.pid, number)
    run.join()
    while any(worker.is_running() for worker in workers):
        assert time.monotonic() < until
        time.sleep(0.02)
    Store(tmp_path / "results").prepare()
    assert list((tmp_path / "results" / "tmp").iterdir()) == []


def _hang(folder):
    execute(folder, "seeds=[0]", text=judged_by("hangs"))
