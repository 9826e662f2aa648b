import json
import subprocess
import sys

import boards
import pytest

from harness.cli import main


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The results folder of a suite, as a run leaves it."""
    root = tmp_path_factory.mktemp("results")
    manifest, records = boards.core(items=30)
    (root / "core").mkdir()
    (root / "core" / "run.json").write_text(manifest.model_dump_json())
    for name, record in records.items():
        (root / "steps" / name).mkdir(parents=True)
        (root / "steps" / name / "record.json").write_text(record.model_dump_json())
    return root / "core"


@pytest.fixture
def call(command, results):
    return lambda *arguments: command("compare", results, *arguments)


def test_rows_are_compared_with_the_suites_baseline_on_the_primary_metric(call):
    code, out, _ = call()
    assert code == 0
    assert out.startswith("Against base: truth/win_rate_behaviour ↑")
    assert "95 % intervals" in out
    assert "rpo" in out


def test_json_is_a_list_of_comparisons(call):
    code, out, _ = call("--baseline", "dpo", "--metric", "preference/accuracy", "--metric", "truth/reward", "--json")
    found = json.loads(out)
    assert code == 0
    assert {(one["metric"], one["baseline"]) for one in found} == {
        ("preference/accuracy", "dpo"),
        ("truth/reward", "dpo"),
    }
    assert {one["row"] for one in found} == {"base", "oracle", "sft", "rpo", "ddro", "dpo on random labels"}
    assert all(one["low"] < one["difference"] < one["high"] for one in found)


def test_the_estimand_is_an_option(call):
    _, out, _ = call("--estimand", "E2", "--json")
    rpo = next(one for one in json.loads(out) if one["row"] == "rpo")
    assert rpo["estimand"] == "E2"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--baseline", "dop"], "no row is called 'dop'; did you mean 'dpo'?"),
        (["--metric", "preference/acuracy"], "did you mean 'preference/accuracy'?"),
        (["--estimand", "E9"], "E9"),
    ],
)
def test_what_is_not_there_is_an_error_with_the_nearest_name(call, arguments, told):
    code, _, err = call(*arguments)
    assert code == 2
    assert told in err


def test_a_folder_without_a_run_is_an_error(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["harness", "compare", str(tmp_path)])
    with pytest.raises(SystemExit):
        main()
    assert "run.json is missing" in capsys.readouterr().err


def test_it_loads_neither_torch_nor_plugins(results):
    code = (
        f"import sys; sys.argv = ['harness', 'compare', {str(results)!r}]\n"
        "from harness.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m.split('.')[0] in {'torch', 'pandas', 'statsmodels', 'harness_plugins'}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_results_are_found_from_within(command, results, call, monkeypatch):
    monkeypatch.chdir(results)
    assert command("compare", ".", "--json") == call("--json")
