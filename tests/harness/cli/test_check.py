import json
import subprocess
import sys
from xml.etree import ElementTree as ET

import boards
import folders
import pytest

from harness.gate.baseline import baseline_of, write_baseline
from harness.render.markdown import escape

DROP = ("truth/reward", "dpo", 1.0)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A baseline, a run that equals it, one in which dpo got much worse, and one that lost a row."""
    root = tmp_path_factory.mktemp("check")
    manifest, records = boards.core(items=40)
    write_baseline(baseline_of(manifest, records), root / "equal" / "baselines" / "core.json")
    folders.written(root / "equal", manifest, records)
    folders.written(root / "worse", manifest, folders.worse(records, *DROP))
    fewer = manifest.model_copy(update={"rows": [row for row in manifest.rows if row.label != "ddro"]})
    folders.written(root / "fewer", fewer, records)
    return root


@pytest.fixture(autouse=True)
def no_actions(monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


@pytest.fixture
def call(command, places):
    """`harness check` of one of the runs, held to the baseline."""

    def run(name, *arguments):
        baseline = places / "equal" / "baselines" / "core.json"
        return command("check", places / name / "core", "--baseline", baseline, *arguments)

    return run


def test_a_run_that_equals_its_baseline_holds(call):
    code, out, err = call("equal")
    assert (code, err) == (0, "")
    assert out.splitlines()[-2].startswith("✓ core holds its baseline: none of ")
    assert "detectable" in out


def test_the_baseline_is_looked_for_beside_the_results(command, places, monkeypatch):
    assert command("check", places / "equal" / "core")[0] == 0
    monkeypatch.chdir(places / "equal" / "core")
    assert command("check", ".")[0] == 0


def test_a_drop_leaves_with_1_and_is_named_last(call):
    code, out, _ = call("worse")
    assert code == 1
    assert out.rstrip().splitlines()[-1].startswith("✗ core falls short of its baseline: 1 of ")
    assert "Dropped" in out
    assert out.index("Tested, by metric") < out.index("Dropped")


def test_a_margin_lets_a_drop_pass(call):
    code, out, _ = call("worse", "--margin", "truth/reward=1.5")
    assert code == 0
    assert "drop within margin" in out


def test_a_lost_row_is_a_regression(call):
    code, out, _ = call("fewer")
    assert code == 1
    assert "1 row lost" in out


@pytest.mark.parametrize(("run", "expected"), [("equal", 0), ("worse", 1), ("fewer", 1)])
@pytest.mark.parametrize("ask", [["--json"], ["--format", "json"]])
def test_json_is_the_outcome(call, run, expected, ask):
    code, out, err = call(run, *ask)
    found = json.loads(out)
    assert (code, found["exit_code"], err) == (expected, expected, "")
    assert found["suite"] == "core"
    assert {one["row"] for one in found["figures"]} >= {"base", "dpo", "sft"}


def test_every_form_can_be_had_as_a_file(call, tmp_path):
    files = {form: tmp_path / "new" / form for form in ("markdown", "junit", "json-file")}
    code, out, _ = call("worse", *(part for form, path in files.items() for part in (f"--{form}", path)))
    assert code == 1
    assert out.rstrip().splitlines()[-1].startswith("✗")
    assert files["markdown"].read_text().startswith("### ❌ core falls short")
    assert ET.parse(files["junit"]).getroot().get("failures") == "1"
    assert json.loads(files["json-file"].read_text())["verdict"] == "regression"


@pytest.mark.parametrize(("form", "start"), [("markdown", "### ❌"), ("junit", "<?xml"), ("github", "::error title=")])
def test_every_form_can_be_had_on_standard_output(call, form, start):
    code, out, err = call("worse", "--format", form)
    assert (code, err) == (1, "")
    assert out.startswith(start)


def broken_baseline(tmp_path, text):
    path = tmp_path / "core.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 99}', '{"schema_version": 1}', "\x00"])
def test_an_unreadable_baseline_says_nothing(command, places, tmp_path, text):
    path = broken_baseline(tmp_path, text)
    code, out, err = command("check", places / "equal" / "core", "--baseline", path, "--junit", tmp_path / "out.xml")
    assert (code, out) == (2, "")
    assert str(path) in err
    (error,) = ET.parse(tmp_path / "out.xml").getroot().iter("error")
    assert str(path) in error.get("message", "")


def test_a_missing_baseline_says_what_to_do(command, places):
    code, out, err = command("check", places / "worse" / "core")
    assert (code, out) == (2, "")
    assert str(places / "worse" / "baselines" / "core.json") in err
    assert "harness accept" in err


def test_the_baseline_of_another_suite_says_nothing(command, places, tmp_path):
    manifest, records = boards.core(items=10)
    folder = folders.written(tmp_path, manifest.model_copy(update={"suite": "other"}), records)
    baseline = places / "equal" / "baselines" / "core.json"
    code, out, _ = command("check", folder, "--baseline", baseline, "--json")
    found = json.loads(out)
    assert (code, found["verdict"], found["suite"]) == (2, "undetermined", "other")
    assert "'core'" in found["notes"][0]


def test_results_that_are_not_there_say_nothing(command, tmp_path):
    code, out, err = command("check", tmp_path / "none", "--json")
    assert code == 2
    assert "run.json is missing" in err
    assert "run.json is missing" in json.loads(out)["notes"][0]


def test_a_record_that_cannot_be_read_says_nothing(command, places, tmp_path):
    manifest, records = boards.core(items=10)
    folder = folders.written(tmp_path, manifest, records)
    (tmp_path / "steps" / "truth dpo 0" / "record.json").write_text("{")
    code, _, err = command("check", folder, "--baseline", places / "equal" / "baselines" / "core.json")
    assert code == 2
    assert "truth dpo 0" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--margin", "much"], "--margin"),
        (["--margin", "-1"], "--margin"),
        (["--margin", "nan"], "--margin"),
        (["--margin", "truth/rewrad=1"], "did you mean 'truth/reward'?"),
        (["--alpha", "0"], "alpha"),
        (["--alpha", "7"], "alpha"),
        (["--cost-factor", "0.5"], "cost"),
        (["--cost-factor", "nan"], "cost"),
        (["--format", "html"], "html"),
    ],
)
def test_a_wrong_option_leaves_with_2(call, arguments, told):
    code, _, err = call("equal", *arguments)
    assert code == 2
    assert told in err


def test_a_bug_is_no_regression(call, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("harness.gate.check.check", broken)
    code, out, err = call("worse", "--json")
    assert code == 2
    assert "Traceback" in err
    assert "ZeroDivisionError" in json.loads(out)["notes"][0]


@pytest.mark.parametrize("name", ["equal", "worse"])
def test_a_bug_in_what_is_shown_is_no_regression(call, monkeypatch, name):
    def broken(*_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("harness.render.gate_terminal.print_outcome", broken)
    code, _, err = call(name)
    assert code == 2
    assert "ZeroDivisionError" in err


def test_a_file_that_cannot_be_written_is_said(call, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = call("equal", "--junit", tmp_path / "file" / "out.xml")
    assert code == 2
    assert "cannot be written" in err


class TestInGitHubActions:
    @pytest.fixture(autouse=True)
    def actions(self, monkeypatch, tmp_path):
        self.summary = tmp_path / "summary.md"
        self.summary.write_text("before\n")
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(self.summary))

    def test_the_run_is_annotated_and_summed_up(self, call):
        code, out, _ = call("worse")
        assert code == 1
        lines = out.splitlines()
        token = lines[0].removeprefix("::stop-commands::")
        assert lines.count(f"::{token}::") == 1
        after = lines[lines.index(f"::{token}::") + 1 :]
        assert after[0].startswith("::error title=harness check core%3A regression::")
        assert self.summary.read_text().startswith("before\n### ❌")

    def test_programs_read_standard_output_as_ever(self, call):
        _, out, err = call("worse", "--json")
        assert json.loads(out)["exit_code"] == 1
        assert err.startswith("::error title=")

    def test_annotations_stand_there_once(self, call):
        _, out, err = call("worse", "--format", "github")
        assert out.startswith("::error title=")
        assert err == ""

    def test_it_can_be_switched_off(self, call):
        _, out, err = call("worse", "--no-github")
        assert "::error" not in out + err
        assert self.summary.read_text() == "before\n"

    def test_and_on_elsewhere(self, call, monkeypatch):
        monkeypatch.delenv("GITHUB_ACTIONS")
        assert "::error" in call("worse", "--github")[1]

    def test_that_nothing_can_be_said_is_an_annotation_too(self, command, tmp_path):
        code, out, err = command("check", tmp_path / "none")
        assert (code, err) == (2, "")
        assert "::error title=harness check none%3A undetermined::" in out
        assert escape("run.json is missing") in self.summary.read_text()

    def test_a_summary_that_cannot_be_written_fails_nothing(self, call, monkeypatch, tmp_path):
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "none" / "summary.md"))
        code, _, err = call("equal")
        assert code == 0
        assert "cannot be written" in err


def test_it_loads_neither_torch_nor_plugins(places):
    code = (
        f"import sys; sys.argv = ['harness', 'check', {str(places / 'equal' / 'core')!r}]\n"
        "from harness.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m.split('.')[0] in {'torch', 'pandas', 'statsmodels', 'harness_plugins'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
