import errno
import json
import random
import signal
import time
from pathlib import Path

import pytest
import toy
from forked import forked

from harness.errors import StoreError, SuiteError
from harness.render import stable_view
from harness.report.read import Read, read_results
from harness.reporter import Reporter
from harness.run.suite_run import plan_of, run_suite
from harness.store import Store
from harness.suite import read_suite


class Recorder(Reporter):
    def __init__(self):
        self.seen = []

    def ended(self, title, state, reason, seconds):
        self.seen.append((title, state, reason))


def suite(folder, *sets, text=toy.SUITE, **kwargs):
    return read_suite(str(toy.write_suite(folder, text)), registry=toy.registry(), sets=sets, **kwargs)


def execute(folder, *sets, results="results", text=toy.SUITE, **kwargs):
    recorder = Recorder()
    finished = run_suite(suite(folder, *sets, text=text), toy.registry(), folder / results, recorder, **kwargs)
    return finished, recorder.seen


def board_json(finished):
    return json.loads((finished.folder / "leaderboard.json").read_text())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, *execute(folder)


def test_every_row_and_seed_is_on_the_board(finished):
    _, run, seen = finished
    assert run.exit_code == 0
    assert {state for _, state, _ in seen} == {"done"}
    board = board_json(run)
    assert {row["label"] for row in board["rows"]} == {"base", "sft", "dpo", "random"}
    for row in board["rows"]:
        metric = row["metrics"]["preference/accuracy"]
        assert metric["n"] == 12
        assert metric["per_seed"] is None if row["label"] == "base" else set(metric["per_seed"]) == {"0", "1"}


def test_a_second_run_computes_nothing_and_writes_the_same_board(finished):
    folder, _, _ = finished
    before = (execute(folder)[0].folder / "leaderboard.json").read_bytes()
    again, seen = execute(folder)
    assert seen == []
    assert (again.folder / "leaderboard.json").read_bytes() == before


def test_the_page_stands_beside_the_board_and_is_the_same_when_made_again(finished):
    folder, run, _ = finished
    page = (run.folder / "leaderboard.html").read_bytes()
    assert run.no_page == ""
    assert (execute(folder)[0].folder / "leaderboard.html").read_bytes() == page
    assert b"dpo" in page


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (StoreError("the history cannot be read", fix="mend it"), "the history cannot be read"),
        (KeyError("x"), "KeyError"),
    ],
)
def test_a_page_that_cannot_be_made_loses_nothing_of_the_run(tmp_path, monkeypatch, wrong, told):
    def fails(*_):
        raise wrong

    monkeypatch.setattr(Read, "report", fails)
    run, _ = execute(tmp_path, "seeds=[0]", "methods=[{policy: base}]")
    assert told in run.no_page
    assert run.exit_code == 0
    names = {path.name for path in run.folder.iterdir()}
    assert names == {"run.json", "leaderboard.json", "leaderboard.md", "leaderboard.csv"}


def test_adding_a_seed_trains_only_that_seed(finished, tmp_path):
    folder, _, _ = finished
    _, seen = execute(folder, "seeds=[0,1,2]")
    trained = [title for title, _, _ in seen if title.startswith("train")]
    assert trained == [f"train {row}, seed 2" for row in ("sft", "dpo", "random")]


def test_adding_an_evaluator_retrains_nothing(finished):
    folder, _, _ = finished
    _, seen = execute(folder, "evaluators=[preference, {evaluator: drift, options: {max_tokens: 4}}]")
    assert seen
    assert all(title.startswith("drift of") for title, _, _ in seen)


def test_a_label_is_no_identity(finished):
    folder, _, _ = finished
    _, seen = execute(folder, "methods.dpo.label=renamed")
    assert seen == []


def test_an_option_at_its_default_is_no_identity(finished):
    folder, _, _ = finished
    _, seen = execute(folder, "methods.dpo.options={beta: 0.1}")
    assert seen == []


def test_another_option_trains_that_row_anew(finished):
    folder, _, _ = finished
    _, seen = execute(folder, "methods.dpo.options={beta: 0.2}")
    assert [t for t, _, _ in seen if t.startswith("train")] == ["train dpo, seed 0", "train dpo, seed 1"]


def test_the_reference_column_is_computed_once_for_all_rows(finished):
    _, run, seen = finished
    for seed in (0, 1):
        assert [t for t, _, _ in seen].count(f"reference column, train split, seed {seed}") == 1
        column = next(s for s in run.plan.steps if s.title == f"reference column, train split, seed {seed}")
        users = [s.title for s in run.plan.steps if column.digest in s.needs]
        assert users == [f"train dpo, seed {seed}", f"train random, seed {seed}"]


def test_the_board_is_rebuilt_from_records_alone(finished):
    folder, _, _ = finished
    run, _ = execute(folder)
    board = read_results([run.folder]).board
    assert board == run.board


def test_a_failing_cell_stops_nothing_else_and_is_tried_again(tmp_path):
    text = toy.SUITE.replace("[preference]", "[broken, preference]")
    run, _ = execute(tmp_path, "seeds=[0]", text=text)
    assert run.exit_code == 1
    for row in board_json(run)["rows"]:
        assert row["metrics"]["preference/accuracy"]["n"] == 12
    cells = [c for row in run.manifest.rows for c in row.cells if c.what == "broken"]
    assert {(c.state, c.reason) for c in cells} == {("failed", "ZeroDivisionError: on purpose")}
    failures = list((tmp_path / "results" / "failed").iterdir())
    assert "on purpose" in json.loads(failures[0].read_text())["traceback"]
    _, seen = execute(tmp_path, "seeds=[0]", text=text)
    assert {title.split(" of ")[0] for title, _, _ in seen} == {"broken"}


def test_an_evaluator_that_cannot_run_is_skipped_with_its_reason(tmp_path):
    text = toy.SUITE.replace("[preference]", "[{evaluator: broken, options: {how: unavailable}}, preference]")
    run, _ = execute(tmp_path, "seeds=[0]", text=text)
    assert run.exit_code == 0
    cells = [c for row in run.manifest.rows for c in row.cells if c.what == "broken"]
    assert {(c.state, c.reason) for c in cells} == {("skipped", "it is Sunday")}


def test_a_row_whose_needs_the_data_cannot_meet_is_skipped_with_that_reason(tmp_path):
    run, _ = execute(tmp_path, "data.kind=labels", "seeds=[0]")
    states = {row.label: {c.state for c in row.cells} for row in run.manifest.rows}
    assert states["dpo"] == {"skipped"}
    assert "done" in states["sft"]
    reason = next(c.reason for row in run.manifest.rows if row.label == "dpo" for c in row.cells)
    assert "dpo needs pairs" in reason
    assert "labels" in reason


def test_a_training_that_breaks_down_fails_its_row_alone(tmp_path):
    run, _ = execute(tmp_path, "seeds=[0]", "methods.sft.training={learning_rate: 1e30, clip: null}")
    states = {row.label: {c.state for c in row.cells} for row in run.manifest.rows}
    assert states["sft"] == {"failed"}
    assert states["dpo"] == {"done"}
    assert run.exit_code == 1


def test_steps_that_need_one_that_failed_are_told_of_once_with_the_traceback(tmp_path):
    class Telling(Recorder):
        said, lost = [], 0

        def say(self, text):
            self.said.append(text)

        def left_out(self, steps):
            self.lost += steps

    told = Telling()
    sets = ("seeds=[0]", "methods=[{method: sft, training: {learning_rate: 1e30, clip: null}}]")
    run_suite(suite(tmp_path, *sets), toy.registry(), tmp_path / "results", told)
    (failure,) = (tmp_path / "results" / "failed").iterdir()
    assert [title for title, state, _ in told.seen if state == "failed"] == ["train sft, seed 0"]
    assert told.lost == 1
    assert told.said == [f"1 step that needs it: failed too; traceback: {failure}"]


@pytest.mark.parametrize("name", ["record.json", "run.json", "leaderboard.md"])
def test_a_folder_that_cannot_be_written_is_told_in_one_paragraph(tmp_path, monkeypatch, name):
    def full(path, target):
        if path.name.startswith(f".{name}.") or name == "record.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, target)

    rename = Path.replace
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StoreError, match=r"cannot be written: .*No space left on device"):
        execute(tmp_path, "seeds=[0]", "methods=[{policy: base}]")
    assert not list((tmp_path / "results").rglob(f".{name}.*"))


def test_a_trial_stands_apart_from_the_real_board(tmp_path):
    run, _ = execute(tmp_path, "seeds=[0]", limit=4)
    assert run.folder.name == "toy.trial"
    assert run.manifest.trial
    assert board_json(run)["rows"][0]["metrics"]["preference/accuracy"]["n"] == 4


def test_only_runs_the_rows_that_are_named(tmp_path):
    run, seen = execute(tmp_path, "seeds=[0]", only=["dpo"])
    assert [t for t, _, _ in seen if t.startswith("train")] == ["train dpo, seed 0"]
    states = {row.label: {c.state for c in row.cells} for row in run.manifest.rows}
    assert states["sft"] == {"missing"}
    with pytest.raises(SuiteError, match="did you mean 'dpo'"):
        execute(tmp_path, only=["dqo"])


def test_policies_that_are_not_kept_are_trained_again_when_a_new_evaluator_asks(tmp_path):
    execute(tmp_path, "seeds=[0]", "keep=none")
    assert not [p for p in (tmp_path / "results" / "steps").glob("*/policy") if "train" in _kind(p.parent)]
    _, seen = execute(tmp_path, "seeds=[0]", "keep=none")
    assert seen == []
    again, seen = execute(tmp_path, "seeds=[0]", "keep=none", "evaluators=[preference, drift]", only=["dpo"])
    assert again.exit_code == 0
    assert [t for t, _, _ in seen if t.startswith("train")] == ["train dpo, seed 0"]


def _kind(folder):
    return json.loads((folder / "record.json").read_text())["kind"]


def test_lora_rows_train_adapters_and_are_evaluated_from_them(tmp_path):
    run, _ = execute(tmp_path, "seeds=[0]", "training.lora={r: 2}")
    assert run.exit_code == 0
    step = next(s for s in run.plan.steps if s.kind == "train")
    assert (Store(tmp_path / "results").folder(step.digest) / "policy" / "adapter_config.json").is_file()


def test_identity_holds_no_path_and_no_label(tmp_path):
    planned = plan_of(suite(tmp_path), toy.registry())
    text = json.dumps([s.identity for s in planned.steps], default=dict)
    assert str(tmp_path) not in text
    assert "random_labels" in text
    assert '"random"' not in text


def test_a_plan_is_the_same_every_time(tmp_path):
    plans = [plan_of(suite(tmp_path), toy.registry()) for _ in range(2)]
    assert [s.digest for s in plans[0].steps] == [s.digest for s in plans[1].steps]


def test_a_checkpoint_that_cannot_be_read_skips_its_row_alone(tmp_path):
    (tmp_path / "empty").mkdir()
    text = toy.SUITE.replace("  - policy: base", "  - policy: base\n  - {policy: ./empty, label: gone}")
    run, _ = execute(tmp_path, "seeds=[0]", text=text)
    states = {row.label: {(c.state, c.reason) for c in row.cells} for row in run.manifest.rows}
    assert {state for state, _ in states["gone"]} == {"skipped"}
    assert "config.json is missing" in next(iter(states["gone"]))[1]
    assert {state for state, _ in states["dpo"]} == {"done"}


def test_a_finished_checkpoint_is_a_row(tmp_path):
    first, _ = execute(tmp_path, "seeds=[0]", only=["dpo"])
    step = next(s for s in first.plan.steps if s.title == "train dpo, seed 0")
    policy = Store(tmp_path / "results").folder(step.digest) / "policy"
    text = toy.SUITE.replace("  - policy: base", f"  - policy: base\n  - {{policy: {policy}, label: mine}}")
    run, _ = execute(tmp_path, "seeds=[0]", text=text, only=["mine"])
    row = next(r for r in board_json(run)["rows"] if r["label"] == "mine")
    assert row["method"] == "checkpoint"
    assert row["metrics"]["preference/accuracy_logp"]["per_seed"] is None


def test_adding_a_seed_computes_the_column_of_that_seed_alone(tmp_path):
    execute(tmp_path, "seeds=[0]", only=["dpo"])
    _, seen = execute(tmp_path, "seeds=[0, 1]", only=["dpo"])
    assert [t for t, _, _ in seen if "column" in t] == ["reference column, train split, seed 1"]


def test_a_response_seen_under_another_seed_is_not_computed_again(tmp_path):
    run, _ = execute(
        tmp_path, "seeds=[0, 1]", only=["dpo"], text=toy.SUITE.replace("source: toy", "source: toy, words: 3")
    )
    notes = [Store(tmp_path / "results").record(s.digest).notes for s in run.plan.steps if "column, train" in s.title]
    assert notes[0]["computed"] == notes[0]["responses"]
    assert notes[1]["computed"] < notes[1]["responses"]


def test_killed_at_random_moments_and_run_again_gives_the_same_board(finished, tmp_path):
    draw = random.Random(0)
    for _ in range(3):
        process = forked(execute, tmp_path)
        deadline = time.monotonic() + 60
        wanted = len(list((tmp_path / "results").glob("steps/*"))) + draw.randrange(1, 5)
        while process.is_alive() and time.monotonic() < deadline:
            if len(list((tmp_path / "results").glob("steps/*"))) >= wanted:
                time.sleep(draw.random() / 10)
                break
            time.sleep(0.01)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    interrupted, _ = execute(tmp_path)
    clean, _ = execute(finished[0])
    assert stable_view(board_json(interrupted)) == stable_view(board_json(clean))
    assert not list((tmp_path / "results" / "tmp").iterdir())


def test_unfinished_work_never_looks_complete(tmp_path):
    store = Store(tmp_path)
    store.prepare()
    with store.working_folder("a" * 32) as folder:
        (folder / "record.json").write_text("{}")
        assert not store.done("a" * 32)
    dead = tmp_path / "tmp" / f"{'b' * 32}.{2**22 - 3}"
    dead.mkdir()
    store.prepare()
    assert not dead.exists()
    assert not list((tmp_path / "steps").iterdir())
