import json
import shutil
import subprocess

import boards
import folders
import pytest

from harness.gate.baseline import read_baseline
from harness.gate.history import read_history

HIDDEN = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


@pytest.fixture(scope="module")
def run():
    return boards.core(items=20)


@pytest.fixture
def results(run, tmp_path):
    """The results folder of a suite in no repository."""
    return folders.written(tmp_path / "results", *run)


@pytest.fixture
def baselines(results):
    return results.parent / "baselines"


def test_the_first_baseline_is_written_with_its_history(command, results, baselines):
    code, out, err = command("accept", results, "--message", "to begin with")
    assert (code, err) == (0, "")
    assert "core: 115 figures of 7 rows are the baseline, the first one." in out
    assert f"git add {baselines / 'core.json'} {baselines / 'core.history.json'}" in " ".join(out.split())
    assert read_baseline(baselines / "core.json").suite == "core"
    (first,) = read_history(baselines / "core.history.json").acceptances
    assert (first.message, first.changes) == ("to begin with", [])
    assert first.accepted.endswith("+00:00")


def test_what_was_accepted_holds(command, results):
    assert command("accept", results)[0] == 0
    assert command("check", results)[0] == 0


def test_the_next_one_says_what_changed_and_by_how_much(command, run, results, baselines):
    command("accept", results)
    folders.written(results.parent, run[0], folders.worse(run[1], "truth/reward", "dpo", 3.0))
    assert command("check", results)[0] == 1
    code, out, _ = command("accept", results, "-m", "a shorter training")
    assert code == 0
    assert "1 changed, 0 new, 0 gone" in out
    (line,) = [line for line in out.splitlines() if line.startswith("dpo ")]
    assert "truth/reward" in line
    assert "-3.00" in line
    first, second = read_history(baselines / "core.history.json").acceptances
    assert [(one.row, one.metric) for one in second.changes] == [("dpo", "truth/reward")]
    assert second.message == "a shorter training"
    assert first.board_digest != second.board_digest
    assert command("check", results)[0] == 0


def test_accepted_twice_it_is_written_once(command, results, baselines):
    command("accept", results)
    before = (baselines / "core.history.json").read_bytes()
    code, out, _ = command("accept", results)
    assert code == 0
    assert "nothing to write" in out
    assert (baselines / "core.history.json").read_bytes() == before


def test_a_lost_history_is_begun_again(command, results, baselines):
    command("accept", results)
    (baselines / "core.history.json").unlink()
    assert command("accept", results)[0] == 0
    assert len(read_history(baselines / "core.history.json").acceptances) == 1


def test_json_says_what_was_written(command, results, baselines):
    code, out, _ = command("accept", results, "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["suite"], found["changed"]) == ("core", True)
    assert found["baseline"] == str(baselines / "core.json")
    assert len(found["acceptance"]["figures"]) == 115
    assert not json.loads(command("accept", results, "--json")[1])["changed"]


@pytest.mark.parametrize("name", ["../../core", "/core", "..", "", "a\0b"])
def test_a_suite_that_is_called_like_a_path_is_written_nowhere(command, run, results, name):
    (results / "run.json").write_text(run[0].model_copy(update={"suite": name}).model_dump_json())
    code, _, err = command("accept", results)
    assert code == 2
    assert "is no name of a suite" in err
    assert not list(results.parent.parent.rglob("*.history.json"))


def test_another_place_can_be_named(command, results, tmp_path):
    assert command("accept", results, "--baseline", tmp_path / "mine.json")[0] == 0
    assert (tmp_path / "mine.json").is_file()
    assert (tmp_path / "mine.history.json").is_file()
    assert command("check", results, "--baseline", tmp_path / "mine.json")[0] == 0


def test_a_trial_is_refused(command, run, tmp_path):
    folder = folders.written(tmp_path / "results", run[0].model_copy(update={"trial": True}), run[1])
    code, _, err = command("accept", folder, "--incomplete")
    assert code == 2
    assert "--limit" in err
    assert not (tmp_path / "results" / "baselines").exists()


def test_an_incomplete_run_is_refused_unless_asked_for(command, tmp_path):
    folder = folders.written(tmp_path / "results", *boards.core(items=20, without=[("ddro", 1)]))
    code, _, err = command("accept", folder)
    assert code == 2
    assert "ddro, train, seed 1: failed" in err
    assert "--incomplete" in err
    assert not (tmp_path / "results" / "baselines").exists()
    assert command("accept", folder, "--incomplete")[0] == 0


def test_the_baseline_of_another_suite_is_not_overwritten(command, run, results, tmp_path):
    other = folders.written(tmp_path / "more", run[0].model_copy(update={"suite": "other"}), run[1])
    file = tmp_path / "one.json"
    command("accept", other, "--baseline", file)
    before = file.read_bytes()
    code, _, err = command("accept", results, "--baseline", file)
    assert code == 2
    assert "'other'" in err
    assert file.read_bytes() == before


def test_an_unreadable_baseline_is_not_overwritten(command, results, baselines):
    baselines.mkdir()
    (baselines / "core.json").write_text("<<<<<<< mine")
    code, _, err = command("accept", results)
    assert code == 2
    assert "core.json" in err
    assert (baselines / "core.json").read_text() == "<<<<<<< mine"


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
class TestInARepository:
    @pytest.fixture(autouse=True)
    def repository(self, monkeypatch, results):
        for name, value in HIDDEN.items():
            monkeypatch.setenv(name, value)
        self.root = results.parent.parent
        self.git("init", "--quiet")
        (self.root / "file").write_text("")
        self.git("add", "file")
        self.git("-c", "user.name=A", "-c", "user.email=a@b.invalid", "commit", "--quiet", "-m", "first")

    def git(self, *arguments):
        done = subprocess.run(["git", "-C", self.root, *arguments], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def test_the_history_has_the_commit(self, command, results, baselines):
        command("accept", results)
        (one,) = read_history(baselines / "core.history.json").acceptances
        assert one.commit == self.git("rev-parse", "HEAD")

    def test_a_baseline_that_git_ignores_is_said(self, command, results, baselines):
        (self.root / ".gitignore").write_text("/results/*\n")
        assert "git ignores" in command("accept", results, "--baseline", baselines / "core.json")[1]

    def test_one_that_it_keeps_is_not(self, command, results):
        (self.root / ".gitignore").write_text("/results/*\n!/results/baselines/\n")
        assert "git ignores" not in command("accept", results)[1]


def test_without_a_repository_there_is_no_commit(command, results, baselines, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(results.parent.parent))
    command("accept", results)
    assert read_history(baselines / "core.history.json").acceptances[0].commit == ""


def test_without_git_there_is_no_commit(command, results, baselines, monkeypatch):
    monkeypatch.setenv("PATH", "")
    command("accept", results)
    assert read_history(baselines / "core.history.json").acceptances[0].commit == ""
