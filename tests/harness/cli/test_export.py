import io
import json
from pathlib import Path

import exported
import pytest
from rich.console import Console
from typer.main import get_command

from harness.cli import export
from harness.cli.app import app

pytest.importorskip("tensorboard", reason="TensorBoard is not installed: pip install 'alignment-harness[tensorboard]'")


@pytest.fixture
def folder(tmp_path):
    return exported.results(tmp_path / "results")


def test_results_go_beside_themselves_and_a_line_says_where(command, folder):
    code, out, _ = command("export", folder, "--to", "tensorboard")
    assert code == 0
    assert out.split("\n")[:4] == [
        f"tensorboard: 5 written; {folder}/tensorboard",
        "left out: 3 x loss (not finite)",
        "nothing to export: rpo, seed 1: failed: DataError: the loss is not finite at step 17",
        f"look: tensorboard --logdir {folder}/tensorboard",
    ]
    assert list((folder / "tensorboard" / "board").glob("events.out.tfevents.*"))
    code, out, _ = command("export", folder, "--to", "tensorboard")
    assert (code, out.split("\n")[0]) == (0, f"tensorboard: 5 unchanged; {folder}/tensorboard")


def test_json_names_every_run(command, folder, tmp_path):
    arguments = ("export", folder, "--to", "tensorboard", "--out", tmp_path / "out", "--only", "dpo", "--json")
    code, out, _ = command(*arguments)
    found = json.loads(out)
    assert code == 0
    assert [(run["name"], run["tracker_id"], run["state"]) for run in found["runs"]] == [
        ("dpo, seed 0", "dpo/seed 0", "written"),
        ("dpo, seed 1", "dpo/seed 1", "written"),
    ]
    assert (found["target"], found["left_out"]) == (str(tmp_path / "out"), {"loss (not finite)": 2})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--to", "tensorboard", "--only", "dop"], "no row is called 'dop'; did you mean 'dpo'?"),
        (["--to", "tensorboard", "--uri", "http://x"], "are not for TensorBoard"),
        (["--to", "nothing"], "nothing"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(command, folder, arguments, told):
    code, _, err = command("export", folder, *arguments)
    assert code == 2
    assert told in err
    assert "Traceback" not in err


def test_a_tracker_that_is_not_installed_is_named_with_its_extra(command, folder, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "mlflow.tracking", None)
    code, _, err = command("export", folder, "--to", "mlflow", "--only", "dpo")
    assert code == 2
    assert "pip install 'alignment-harness[mlflow]'" in err


def test_the_page_about_trackers_names_every_option():
    page = (Path(__file__).parents[3] / "docs" / "trackers.md").read_text()
    options = {option for one in get_command(app).commands["export"].params for option in one.opts if option[0] == "-"}
    assert options >= {"--to", "--out", "--uri", "--project", "--only", "--json"}
    assert [option for option in sorted(options - {"--help", "-h"}) if f"| `{option}" not in page] == []


def test_a_bar_is_shown_of_what_takes_long(monkeypatch):
    for after, shown in ((0.0, True), (1000.0, False)):
        monkeypatch.setattr(export, "SHOWN_AFTER", after)
        screen = io.StringIO()
        with export.bar(Console(file=screen, force_terminal=True), "to tensorboard") as advance:
            advance(1, 2)
            advance(2, 2)
        assert ("to tensorboard" in screen.getvalue()) is shown
