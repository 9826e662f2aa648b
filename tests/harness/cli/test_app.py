import json
import subprocess
import sys

import pytest
import tiny
import yaml

from harness.engine import loading


@pytest.fixture
def call(monkeypatch, command, tmp_path):
    monkeypatch.chdir(tmp_path)
    return command


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "policy"
    loading.save(tiny.language_model(), folder)
    return folder


@pytest.fixture(scope="module")
def preferences(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    rows = [{"prompt": f"w{i} w{i % 7}", "chosen": f"w{i % 11} w1", "rejected": f"w{i % 5}"} for i in range(40)]
    rows += [{"prompt": "w1", "chosen": "w2"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def settings(model, preferences):
    return ["--set", f"model={model}", "--set", f"data.path={preferences}", "--seeds", "0"]


def test_help_names_every_command(call):
    code, out, _ = call("--help")
    assert code == 0
    commands = "run plan validate ls schema leaderboard compare studies doctor eval judge"
    assert [command for command in commands.split() if command not in out] == []


def test_help_and_listing_load_no_torch():
    commands = (["--help"], ["ls", "methods"], ["ls", "suites"], ["validate", "core"])
    script = (
        "import sys\nfrom harness.cli import main\n"
        f"for arguments in {commands}:\n sys.argv = ['harness', *arguments]\n"
        " try:\n  main()\n except SystemExit as left:\n  assert not left.code\n"
        " print(arguments, 'torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr.strip().splitlines() == [f"{arguments} False" for arguments in commands]


@pytest.mark.parametrize("kind", ["methods", "evaluators", "sources", "columns", "suites", "plugins"])
def test_ls_lists_what_is_installed(call, kind):
    code, out, _ = call("ls", kind, "--json")
    assert code == 0
    names = {row.get("name", row.get("plugin")) for row in json.loads(out)}
    expected = {"methods": "dpo", "evaluators": "preference", "sources": "files", "columns": "reference"}
    assert {"suites": "core", "plugins": "world", **expected}[kind] in names
    assert call("ls", kind)[0] == 0


def test_ls_methods_tells_what_is_searched_where_a_suite_tunes(call):
    found = {row["name"]: row["searched"] for row in json.loads(call("ls", "methods", "--json")[1])}
    assert found["dpo"] == {"training.learning_rate": "a factor of 8 (log)", "beta": "0.01 to 1 (log)"}
    assert "base.beta" in found["dora"]


def test_a_wrong_suite_is_exit_code_2_with_file_and_line(call, tmp_path):
    (tmp_path / "bad.yaml").write_text("data: {source: world}\nmethods: [dqo]\n")
    code, out, err = call("validate", "bad.yaml")
    assert code == 2
    assert out == ""
    assert "bad.yaml:2" in err
    assert "dpo" in err
    assert "Traceback" not in err


def test_an_unknown_suite_names_those_that_ship(call):
    code, _, err = call("run", "cora")
    assert code == 2
    assert "core" in err


def test_seeds_that_are_no_numbers_are_refused(call):
    code, _, err = call("run", "core", "--seeds", "one")
    assert code == 2
    assert "--seeds 0,1,2" in err


def test_a_missing_model_says_what_to_set(call, preferences):
    code, _, err = call("run", "pairs", "--set", f"data.path={preferences}")
    assert code == 2
    assert "--set model=" in err


def test_missing_data_say_what_to_set(call, model):
    code, _, err = call("run", "pairs", "--set", f"model={model}")
    assert code == 2
    assert "data.path" in err


def test_schema_is_json_and_knows_the_methods(call):
    code, out, _ = call("schema")
    assert code == 0
    assert "dpo" in json.dumps(json.loads(out))


def test_run_prints_a_board_writes_it_and_leaderboard_shows_it_again(call, settings, tmp_path):
    code, out, err = call("run", "pairs", *settings, "--only", "base", "--only", "dpo")
    assert code == 0, err
    assert "Leaderboard: pairs" in out
    assert "dpo" in out
    for kind in ("json", "md", "csv"):
        assert (tmp_path / "results" / "pairs" / f"leaderboard.{kind}").is_file()
    board = json.loads((tmp_path / "results" / "pairs" / "leaderboard.json").read_text())
    assert next(iter(board["ledger"].values()) if "ledger" in board else [{}])
    code, out, _ = call("plan", "pairs", *settings, "--json")
    steps = json.loads(out)["steps"]
    assert {s["done"] for s in steps if s["title"] in {"train dpo, seed 0", "preference of dpo, seed 0"}} == {True}
    assert {s["done"] for s in steps if "sft" in s["title"]} == {False}
    code, again, _ = call("leaderboard", "results/pairs")
    assert code == 0
    assert "Leaderboard: pairs" in again


def test_json_is_all_that_stands_on_standard_output(call, settings):
    code, out, _ = call("run", "pairs", *settings, "--only", "base", "--json")
    assert code == 0
    assert json.loads(out)["suite"] == "pairs"


def test_studies_prints_what_tuning_chose(call, settings, tmp_path):
    tune = ["--set", "tune={trials: 2, metric: preference/accuracy}", "--set", "methods=[sft]"]
    code, _, err = call("run", "pairs", *settings, *tune, "--set", "evaluators=[preference]")
    assert code == 0, err
    told = "rows to tune first: 1; trials of each: 2, by preference/accuracy on the validation split"
    assert told in " ".join(err.split())
    code, out, _ = call("studies", "results/pairs", "--json")
    record = json.loads(out)
    assert (code, record["design"]["trials"]) == (0, 2)
    rate = record["studies"][0]["chosen"]["training"]["learning_rate"]
    code, out, _ = call("studies", "results/pairs")
    assert (code, yaml.safe_load(out)) == (0, {"methods": [{"method": "sft", "training": {"learning_rate": rate}}]})


def test_studies_that_are_not_there_are_an_error(call):
    code, _, err = call("studies", "results/pairs")
    assert code == 2
    assert "run a suite with `tune` first" in err


def test_eval_judges_one_model(call, model, preferences):
    code, out, err = call(
        "eval", "--model", model, "--evaluator", "preference", "--set", f"data.path={preferences}", "--json"
    )
    assert code == 0, err
    board = json.loads(out)
    assert [row["method"] for row in board["rows"]] == ["base"]
    assert 0 <= board["rows"][0]["metrics"]["preference/accuracy"]["mean"] <= 1


def test_eval_names_evaluators_that_exist(call, model):
    code, _, err = call("eval", "--model", model, "--evaluator", "preferense")
    assert code == 2
    assert "did you mean 'preference'" in err


def test_a_folder_without_results_is_exit_code_2(call, tmp_path):
    code, _, err = call("leaderboard", tmp_path)
    assert code == 2
    assert "run.json" in err


def test_doctor_reports_on_this_machine(call):
    code, out, _ = call("doctor", "--json")
    found = json.loads(out)
    assert {check["state"] for check in found} <= {"ok", "warning", "problem"}
    assert code == (1 if any(c["state"] == "problem" for c in found) else 0)


@pytest.mark.parametrize("text", ["0", "-1", "two", "1.5"])
def test_a_number_of_processes_is_a_whole_number_or_auto(command, text):
    code, _, err = command("run", "smoke", f"--workers={text}")
    assert code == 2
    assert err == f"--workers: {text!r} is no number of processes\n  fix: write --workers 2, or auto\n"
