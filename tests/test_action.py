"""action.yml: its scripts run as GitHub runs them, with a stand-in for the harness or for `gh` where one is called."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import boards
import folders
import pytest
import yaml

from harness.gate.baseline import baseline_of, write_baseline

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}
SCRIPTS = {name: step["run"] for name, step in STEPS.items() if "run" in step}
BASH = shutil.which("bash")
HOSTILE = ["$(touch owned)", "`touch owned`", '"; touch owned; "', "' ; touch owned #", "a b", "*", "-x", "--help"]

needs_bash = pytest.mark.skipif(BASH is None, reason="bash is not installed")


def test_it_is_a_composite_action_whose_steps_are_complete():
    assert ACTION["runs"]["using"] == "composite"
    assert all(("uses" in step) != ("run" in step) for step in STEPS.values())
    assert all(step.get("shell") == "bash" for step in STEPS.values() if "run" in step)


def test_every_input_says_what_it_is_and_has_a_default_or_is_required():
    for name, one in ACTION["inputs"].items():
        assert one["description"], name
        assert one.get("required") or isinstance(one["default"], str), name


def test_no_input_is_written_into_a_script():
    assert not [name for name, script in SCRIPTS.items() if "${{" in script]


def test_every_expression_names_what_there_is():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    expressions = [*re.findall(r"\$\{\{(.*?)\}\}", text), *(str(step.get("if", "")) for step in STEPS.values())]
    used = {name for one in expressions for name in re.findall(r"\binputs\.([\w-]+)", one)}
    assert used == ACTION["inputs"].keys()
    written = {
        f"{step['id']}.{name}"
        for step in STEPS.values()
        if "id" in step
        for name in re.findall(r"(?:echo \"|printf ')([\w-]+)=", step["run"])
    }
    asked = {".".join(found) for one in expressions for found in re.findall(r"steps\.(\w+)\.outputs\.([\w-]+)", one)}
    assert asked <= written


def test_what_others_made_is_named_with_its_version():
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"]) for step in STEPS.values() if "uses" in step)


@needs_bash
@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_is_bash(name):
    done = subprocess.run([BASH, "-n"], input=SCRIPTS[name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class Runner:
    """A machine that runs steps: a folder to work in, one for temporary files, and what a step leaves."""

    def __init__(self, root):
        self.work, self.temporary = root / "work", root / "temporary"
        self.bin = root / "bin"
        self.output, self.summary = root / "output", root / "summary.md"
        for folder in (self.work, self.bin, self.temporary / "alignment-harness" / "bin"):
            folder.mkdir(parents=True)
        self.installed("python", f'exec "{sys.executable}" "$@"')

    def installed(self, name, script):
        """A program in the virtual environment of the action."""
        self._program(self.temporary / "alignment-harness" / "bin" / name, script)

    def program(self, name, script):
        """A program on the path."""
        self._program(self.bin / name, script)

    def _program(self, path, script):
        path.write_text(f"#!/usr/bin/env bash\n{script}\n")
        path.chmod(0o755)

    def recording(self, name, place, code=0):
        """A stand-in that keeps its arguments, a list for each call, and leaves with `code`."""
        log = self.work.parent / f"{name}.jsonl"
        line = f'"{sys.executable}" -c "import json, sys; print(json.dumps(sys.argv[1:]))" "$@" >> "{log}"'
        place(name, f"{line}\nexit {code}")
        return lambda: [json.loads(one) for one in log.read_text().splitlines()] if log.exists() else []

    def step(self, name, **inputs):
        """Runs a step; its exit code, standard output, and the outputs that it set."""
        self.output.write_text("")
        script = self.temporary / "script.sh"
        script.write_text(SCRIPTS[name])
        missing = set(STEPS[name].get("env", {})) - inputs.keys()
        assert not missing, f"the step {name} needs {missing}"
        environment = {
            "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.work),
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_REPOSITORY": "someone/something",
            **{key: str(value) for key, value in inputs.items()},
        }
        done = subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", script],
            cwd=self.work, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert not (self.work / "owned").exists()
        outputs = dict(line.split("=", 1) for line in self.output.read_text().splitlines())
        return done.returncode, done.stdout, outputs


@pytest.fixture
def runner(tmp_path):
    if BASH is None:
        pytest.skip("bash is not installed")
    return Runner(tmp_path)


def test_the_harness_is_installed_from_the_action_with_its_constraints(runner):
    calls = runner.recording("python", runner.installed)
    runner.program("python", "exit 0")
    code, _, _ = runner.step("Install the harness", INSTALL="-e .\nharness-margin")
    assert code == 0
    ((*_, constraints, what, option, file),) = [call[-5:] for call in calls()]
    assert (constraints, what, option) == (str(ROOT / "constraints.txt"), str(ROOT), "-r")
    assert Path(file).read_text() == "-e .\nharness-margin\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_inputs_are_text_to_the_run(runner, text):
    calls = runner.recording("harness", runner.installed)
    code, _, outputs = runner.step("Run the suite", SUITE=text, RESULTS=text, SET=f"{text}\n\nname=x")
    assert (code, outputs) == (0, {"exit-code": "0"})
    assert calls() == [["run", "--results", text, "--set", text, "--set", "name=x", "--", text]]


def test_github_looks_for_no_command_in_what_a_run_prints(runner):
    runner.installed("harness", "echo '::error::from a label'")
    _, out, _ = runner.step("Run the suite", SUITE="core", RESULTS="results", SET="")
    first, second, third = out.splitlines()
    assert first.startswith("::stop-commands::")
    assert second == "::error::from a label"
    assert third == f"::{first.removeprefix('::stop-commands::')}::"


def test_a_run_that_fails_is_for_the_gate_to_judge(runner):
    runner.recording("harness", runner.installed, code=1)
    assert runner.step("Run the suite", SUITE="core", RESULTS="results", SET="")[::2] == (0, {"exit-code": "1"})


@pytest.fixture
def results(runner):
    """Results of the suite core, and its baseline, in the folder that the runner works in."""
    runner.installed("harness", f'exec "{sys.executable}" -m harness "$@"')
    manifest, records = boards.core(items=20)
    write_baseline(baseline_of(manifest, records), runner.work / "results" / "baselines" / "core.json")
    return folders.written(runner.work / "results", manifest, records)


def gate(runner, **changes):
    plain = {"SUITE": "suites/core.yaml", "RESULTS": "results", "BASELINE": "", "MARGIN": "", "COST_FACTOR": "2"}
    return runner.step("Hold it to the baseline", **{**plain, **changes})


def test_a_run_that_holds(runner, results):
    code, out, outputs = gate(runner)
    assert code == 0
    assert outputs == {"exit-code": "0", "verdict": "holds", "folder": "results/core", "name": "core"}
    assert "::notice title=harness check core%3A holds::" in out
    assert runner.summary.read_text().startswith("### ✅ core holds its baseline")
    assert {path.name for path in results.glob("gate.*")} == {"gate.md", "gate.json", "gate.xml"}


def test_a_regression(runner, results):
    manifest, records = boards.core(items=20)
    folders.written(results.parent, manifest, folders.worse(records, "truth/reward", "dpo", 3.0))
    assert gate(runner)[::2] == (
        0,
        {"exit-code": "1", "verdict": "regression", "folder": "results/core", "name": "core"},
    )
    assert gate(runner, MARGIN="0.02\ntruth/reward=9\n")[2]["verdict"] == "holds"


def test_a_missing_baseline_and_missing_results(runner, results):
    assert gate(runner, BASELINE="none.json")[2]["verdict"] == "undetermined"
    assert "harness accept" in (results / "gate.md").read_text()
    assert gate(runner, SUITE="other")[2] == {
        "exit-code": "2",
        "verdict": "undetermined",
        "folder": "results/other",
        "name": "other",
    }
    assert "run.json is missing" in (results.parent / "other" / "gate.md").read_text().replace("\\", "")


@pytest.mark.parametrize("text", HOSTILE)
def test_inputs_are_text_to_the_gate(runner, text):
    calls = runner.recording("harness", runner.installed)
    _, _, outputs = gate(runner, SUITE=f"x/{text}.yaml", RESULTS=text, MARGIN=text, BASELINE=text, COST_FACTOR=text)
    (found,) = calls()
    assert found[:5] == ["check", "--baseline", text, "--cost-factor", text]
    assert found[-4:-1] == ["--margin", text, "--"]
    assert re.fullmatch(r"[\w.-]+", outputs["name"])


def test_a_name_sets_no_other_output(runner):
    runner.recording("harness", runner.installed)
    assert gate(runner, SUITE="a\nverdict=holds\nx", RESULTS="b\nverdict=holds")[2].keys() == {
        "exit-code",
        "verdict",
        "folder",
        "name",
    }


GH = """
printf '%s\\n' "$*" >> "{log}"
case "$*" in
  *--paginate*) {find} ;;
  *) for last; do :; done; cat "${{last#body=@}}" > "{body}" ;;
esac
"""


class Pull:
    """A pull request with `gh` to talk to it."""

    def __init__(self, runner, find):
        self.runner, self.log, self.body = runner, runner.work.parent / "log", runner.work.parent / "body.md"
        runner.program("gh", GH.format(log=self.log, body=self.body, find=find))
        runner.installed("harness", "exit 0")
        self.folder = runner.work / "results" / "core"
        self.folder.mkdir(parents=True)
        (self.folder / "gate.md").write_text("### core holds\n")

    def comment(self):
        self.runner.step("Put the board below it", FOLDER="results/core", NAME="core")
        return self.runner.step("Write it on the pull request", GH_TOKEN="t", PULL="7", NAME="core")

    @property
    def calls(self):
        return self.log.read_text().splitlines()


def test_the_first_comment_is_made(runner):
    pull = Pull(runner, ":")
    code, out, _ = pull.comment()
    assert code == 0
    assert "written on pull request 7" in out
    assert "--method POST repos/someone/something/issues/7/comments" in pull.calls[-1]
    assert pull.body.read_text() == "<!-- alignment-harness: core -->\n### core holds\n"


def test_later_it_is_kept_up_to_date(runner):
    pull = Pull(runner, "echo 11; echo 12")
    assert pull.comment()[0] == 0
    assert "--method PATCH repos/someone/something/issues/comments/11 " in pull.calls[-1]


COMMENTS = [
    {"id": 1, "user": {"type": "User"}, "body": "<!-- alignment-harness: core -->\nby hand"},
    {"id": 2, "user": {"type": "Bot"}, "body": "<!-- alignment-harness: smoke -->\nof another suite"},
    {"id": 3, "user": {"type": "Bot"}, "body": "something else"},
    {"id": 4, "user": {"type": "Bot"}, "body": "<!-- alignment-harness: core -->\nours"},
]


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_only_our_own_comment_of_this_suite_is_changed(runner, tmp_path):
    (tmp_path / "comments.json").write_text(json.dumps(COMMENTS))
    pull = Pull(runner, f'for last; do :; done; jq "$last" "{tmp_path / "comments.json"}"')
    pull.comment()
    assert "issues/comments/4 " in pull.calls[-1]


def test_the_board_is_folded_below_where_there_is_room(runner):
    pull = Pull(runner, ":")
    board = pull.folder / "leaderboard.short.md"
    board.write_text("# Leaderboard: core\n\nthe main table\n")
    pull.comment()
    assert "<summary>The board</summary>\n\n# Leaderboard: core\n\nthe main table\n" in pull.body.read_text()
    assert pull.body.read_text().rstrip().endswith("</details>")
    board.write_text("# Leaderboard: core\n\n" + "the main table\n" * 10_000)
    pull.comment()
    assert "the main table" not in pull.body.read_text()
    assert pull.runner.summary.read_text().count("the main table") == 10_001


def test_the_board_is_made_in_its_short_form(runner):
    pull = Pull(runner, ":")
    calls = runner.recording("harness", runner.installed, code=2)
    assert pull.comment()[0] == 0
    assert calls() == [["leaderboard", "--format", "md", "--short", "--", "results/core"]]


def test_a_token_without_the_right_fails_nothing(runner):
    code, out, _ = Pull(runner, "exit 1").comment()
    assert code == 0
    assert out.startswith("::warning title=alignment-harness::")


@pytest.mark.parametrize(
    ("found", "run", "code"), [("0", "0", 0), ("1", "0", 1), ("2", "0", 2), ("2", "2", 2), ("0", "1", 1), ("1", "1", 1)]
)
def test_the_job_ends_as_the_gate_did_or_the_run(runner, found, run, code):
    assert runner.step("Verdict", GATE=found, RUN=run)[0] == code
