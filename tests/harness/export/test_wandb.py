import json

import exported
import pytest

from harness.errors import HarnessError, StoreError
from harness.export import wandb

pytest.importorskip("wandb", reason="Weights & Biases is not installed: pip install 'alignment-harness[wandb]'")


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.delenv("WANDB_API_KEY", raising=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return exported.results(tmp_path_factory.mktemp("results"))


FILES = {"leaderboard.md": "| row |"}


@pytest.fixture(scope="module")
def written(folder):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("WANDB_MODE", "offline")
        out = folder / "wandb"
        return out, wandb.export(exported.described(folder, files=FILES), out, "core", "", exported.ignored)


def value(item):
    return json.loads(item.value_json)


def name(item):
    return item.key or ".".join(item.nested_key)


def told(out, key):
    """Of one offline run: its own record, configuration, summary, and values by step."""
    (path,) = out.glob(f"wandb/offline-run-*-{key}/run-{key}.wandb")
    run, config, summary, history = None, {}, {}, {}
    for record in exported.wandb_records(path):
        if record.HasField("run"):
            run = record.run
        config |= {name(item): value(item) for item in record.config.update}
        summary |= {name(item): value(item) for item in record.summary.update}
        if record.history.item:
            items = {name(item): value(item) for item in record.history.item}
            history[items["_step"]] = items
    return run, config, summary, history


def test_every_run_is_an_offline_run_of_the_project(folder, written):
    out, done = written
    assert {run.state for run in done.runs} == {"written"}
    assert len(list(out.glob("wandb/offline-run-*"))) == len(done.runs) == 5
    for one in done.runs:
        run, _, _, _ = told(out, one.key)
        assert (run.project, run.run_group, run.run_id, run.display_name) == ("core", "core", one.key, one.name)


def test_curves_settings_and_figures_are_those_of_the_records(folder, written):
    for run in exported.described(folder):
        _, config, summary, history = told(written[0], run.key)
        for curve, points in run.curves.items():
            there = {step: items[f"train/{curve}"] for step, items in history.items() if f"train/{curve}" in items}
            assert there == dict(zip(points.steps, points.values, strict=True))
        assert all(items["_timestamp"] == exported.STARTED for items in history.values() if "train/loss" in items)
        assert {key: config[key] for key in run.settings} == dict(run.settings)
        for figure, number in run.figures.items():
            assert summary[figure.replace("[", "_").replace("]", "")] == number
        assert config["harness"]["tags"]["suite"] == "core"
        assert config["harness"]["started"] == exported.STARTED


def test_the_board_comes_as_a_table_and_as_files(written):
    out, done = written
    key = next(run.key for run in done.runs if run.kind == "board")
    (files,) = out.glob(f"wandb/offline-run-*-{key}/files")
    assert (files / "leaderboard.md").read_text() == "| row |"
    (table,) = files.glob("media/table/board*.json")
    read = json.loads(table.read_text())
    assert read["columns"][:2] == ["row", "method"]
    assert {line[0] for line in read["data"]} == {"base", "dpo", "rpo"}


def test_a_second_export_changes_nothing(folder, written):
    out, _ = written
    before = {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    done = wandb.export(exported.described(folder, files=FILES), out, "core", "", exported.ignored)
    assert {run.state for run in done.runs} == {"unchanged"}
    assert {str(path.relative_to(out)): path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_what_changed_is_told_anew_under_the_same_id(tmp_path):
    folder, out = exported.results(tmp_path), tmp_path / "out"
    first = wandb.export(exported.described(folder, only=["dpo"]), out, "core", "", exported.ignored)
    exported.rescored(folder, "dpo", 0, 0.75)
    done = wandb.export(exported.described(folder, only=["dpo"]), out, "core", "", exported.ignored)
    assert [run.state for run in done.runs] == ["updated", "unchanged"]
    assert [run.key for run in done.runs] == [run.key for run in first.runs]
    assert told(out, done.runs[0].key)[2]["truth/score"] == 0.75
    assert len(list(out.glob("wandb/offline-run-*"))) == 2


def test_hostile_names_stay_apart_and_inside(tmp_path):
    labels = ("../../escape", "a<b", "\u202egnp\x1b[31m", "x" * 400)
    extra = {label: {"method": "dpo", "options": {label: label}} for label in labels}
    folder = exported.results(tmp_path / "results", extra=extra)
    project = "../a/b?c"
    done = wandb.export(exported.described(folder, only=labels), tmp_path / "out", project, "", exported.ignored)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "results"]
    for one in done.runs:
        run, _, summary, _ = told(tmp_path / "out", one.key)
        assert run.project == "__a_b_c"
        assert run.display_name.isprintable()
        assert len([figure for figure in summary if figure.startswith("truth/")]) == 3


def test_a_folder_that_no_export_made_is_left_alone(folder, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="holds what no export made"):
        wandb.export(exported.described(folder), tmp_path, "core", "", exported.ignored)


def test_runs_are_sent_only_where_that_was_asked_for(monkeypatch):
    assert not wandb.online()
    monkeypatch.delenv("WANDB_MODE")
    assert not wandb.online()
    monkeypatch.setenv("WANDB_API_KEY", "x")
    assert wandb.online()
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert not wandb.online()


def test_without_the_library_the_extra_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "wandb", None)
    with pytest.raises(HarnessError, match=r"pip install 'alignment-harness\[wandb\]'"):
        wandb.export(exported.described(folder), tmp_path / "out", "core", "", exported.ignored)
