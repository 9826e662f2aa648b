import json
import os

import exported
import numpy as np
import pytest

from harness.errors import HarnessError, StoreError

pytest.importorskip("tensorboard", reason="TensorBoard is not installed: pip install 'alignment-harness[tensorboard]'")

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.plugins.hparams import plugin_data_pb2

from harness.export import tensorboard


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return exported.results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def written(folder):
    out = folder / "tensorboard"
    done = tensorboard.export(
        exported.described(folder, files={"leaderboard.md": "| row |\n| --- |"}), out, exported.ignored
    )
    return out, done


def accumulator(path):
    found = EventAccumulator(str(path), size_guidance={"scalars": 0, "tensors": 0})
    found.Reload()
    return found


def hparams(path, kind):
    content = accumulator(path).SummaryMetadata(f"_hparams_/{kind}").plugin_data.content
    return plugin_data_pb2.HParamsPluginData.FromString(content)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_run_is_a_run_of_tensorboard(written):
    out, done = written
    runs = EventMultiplexer().AddRunsFromDirectory(str(out)).Reload().Runs()
    assert set(runs) == {".", "base", "board", "dpo/seed 0", "dpo/seed 1", "rpo/seed 0"}
    assert {run.tracker_id for run in done.runs} == set(runs) - {"."}
    assert {run.state for run in done.runs} == {"written"}


def test_curves_and_figures_are_those_of_the_records_in_32_bits(folder, written):
    for run in exported.described(folder):
        if run.kind != "training":
            continue
        found = accumulator(written[0] / run.row / f"seed {run.seed}")
        assert set(found.Tags()["scalars"]) == {
            *(f"train/{name}" for name in run.curves), *run.figures, *(f"cost/{name}" for name in run.cost)
        }  # fmt: skip
        for name, curve in run.curves.items():
            points = found.Scalars(f"train/{name}")
            assert tuple(p.step for p in points) == curve.steps
            assert [p.value for p in points] == np.float32(curve.values).tolist()
            assert {p.wall_time for p in points} == {exported.STARTED}
        for name, value in run.figures.items():
            assert [(p.step, p.value) for p in found.Scalars(name)] == [(exported.STEPS, np.float32(value))]


def test_the_table_of_hyperparameters_has_what_was_chosen(folder, written):
    out, _ = written
    run = next(run for run in exported.described(folder) if run.name == "dpo, seed 1")
    start = hparams(out / "dpo" / "seed 1", "session_start_info").session_start_info
    found = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    assert found == dict(run.settings)
    assert start.start_time_secs == exported.STARTED
    assert hparams(out / "dpo" / "seed 1", "session_end_info").session_end_info.end_time_secs == exported.STARTED + 17.5
    overview = hparams(out, "experiment").experiment
    assert {info.name for info in overview.hparam_infos} == set(run.settings)
    assert [info.name for info in overview.hparam_infos][:2] == ["row", "method"]
    assert [info.name.tag for info in overview.metric_infos] == ["truth/score"]


def test_a_setting_that_is_a_number_here_and_none_there_is_text_everywhere(tmp_path):
    folder = exported.results(tmp_path, extra={"other": {"options": {"beta": None}}})
    tensorboard.export(exported.described(folder), tmp_path / "out", exported.ignored)
    kinds = {info.name: info.type for info in hparams(tmp_path / "out", "experiment").experiment.hparam_infos}
    values = [
        hparams(tmp_path / "out" / row / "seed 0", "session_start_info").session_start_info.hparams["option.beta"]
        for row in ("dpo", "other")
    ]
    assert [value.string_value for value in values] == ["0.1", "null"]
    assert (kinds["option.beta"], kinds["seed"]) == (1, 3)


def test_the_board_is_text_and_no_row_of_the_table(written):
    found = accumulator(written[0] / "board")
    assert found.Tensors("board")[0].tensor_proto.string_val[0] == b"| row |\n| --- |"
    assert "_hparams_/session_start_info" not in found.Tags()["tensors"]
    assert {"truth/score/dpo", "truth/score/dpo/low", "truth/score/dpo/high"} <= set(found.Tags()["scalars"])


def test_a_second_export_changes_nothing(folder, written):
    out, _ = written
    before = contents(out)
    files = {"leaderboard.md": "| row |\n| --- |"}
    done = tensorboard.export(exported.described(folder, files=files), out, exported.ignored)
    assert {run.state for run in done.runs} == {"unchanged"}
    assert contents(out) == before
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == []


def test_what_changed_is_said_and_what_is_gone_goes(tmp_path):
    folder, out = exported.results(tmp_path), tmp_path / "out"
    tensorboard.export(exported.described(folder), out, exported.ignored)
    exported.rescored(folder, "dpo", 0, 0.75)
    done = tensorboard.export(exported.described(folder), out, exported.ignored)
    assert [run.name for run in done.runs if run.state == "updated"] == ["dpo, seed 0", "board of core"]
    assert accumulator(out / "dpo" / "seed 0").Scalars("truth/score")[0].value == 0.75
    tensorboard.export(exported.described(folder, only=["base"]), out, exported.ignored)
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == ["base"]


def test_a_folder_that_no_export_made_is_left_alone(folder, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(StoreError, match="holds what no export made"):
        tensorboard.export(exported.described(folder), tmp_path, exported.ignored)
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


def test_an_export_that_is_broken_off_leaves_what_was_there(tmp_path):
    folder, out = exported.results(tmp_path), tmp_path / "out"
    tensorboard.export(exported.described(folder), out, exported.ignored)
    before = contents(out)

    def broken(done, total):
        raise KeyboardInterrupt

    exported.rescored(folder, "base", None, 0.75)
    with pytest.raises(KeyboardInterrupt):
        tensorboard.export(exported.described(folder), out, broken)
    assert contents(out) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["core", "out", "steps"]


def test_what_a_killed_export_left_is_thrown_away(tmp_path):
    folder, out = exported.results(tmp_path), tmp_path / "out"
    dead = 2**22 + 1  # beyond the largest process there can be
    (tmp_path / f".out.new.{dead}" / "dpo").mkdir(parents=True)
    alive = tmp_path / f".out.new.{os.getppid()}"
    alive.mkdir()
    tensorboard.export(exported.described(folder), out, exported.ignored)
    assert sorted(path.name for path in tmp_path.iterdir()) == [alive.name, "core", "out", "steps"]


HOSTILE = ("board", "../../escape", "dpo/seed 0", "a<b", "a>b", "\u202egnp\x1b[31m", "=1+1", "x" * 400, "DPO", ".")


def test_hostile_names_stay_apart_and_inside(tmp_path):
    extra = {label: {"method": "dpo", "options": {label: label, "<b>": 1}} for label in HOSTILE}
    folder, out = exported.results(tmp_path / "results", extra=extra), tmp_path / "out"
    done = tensorboard.export(exported.described(folder), out, exported.ignored)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "results"]
    assert len({run.tracker_id.casefold() for run in done.runs}) == len(done.runs) == 5 + len(HOSTILE)
    by_name = {run.name: run.tracker_id for run in done.runs}
    assert by_name["dpo, seed 0"] == "dpo/seed 0"
    assert by_name["board of core"] == "board"
    for label in HOSTILE:
        found = accumulator(out / by_name[f"{label}, seed 0"])
        assert len(found.Tags()["scalars"]) == 3 + 3 + len(next(iter(exported.described(folder, only=[label]))).cost)
        text = found.Tensors("tags")[0].tensor_proto.string_val[0].decode()
        assert all(line.startswith("    ") for line in text.split("\n"))
        assert json.loads(text)["row"] == label


def test_numbers_that_32_bits_cannot_hold_are_left_out_and_counted(tmp_path):
    lines = [{"step": 1, "loss": 1e300}, {"step": 2, "loss": 1.0}]
    folder = exported.results(tmp_path, losses={("dpo", 0): lines})
    done = tensorboard.export(exported.described(folder, only=["dpo"]), tmp_path / "out", exported.ignored)
    assert done.left_out["train/loss (too large for TensorBoard)"] == 1
    assert [p.step for p in accumulator(tmp_path / "out" / "dpo" / "seed 0").Scalars("train/loss")] == [2]


def test_without_tensorboard_the_extra_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard.compat.proto.event_pb2", None)
    with pytest.raises(HarnessError, match=r"pip install 'alignment-harness\[tensorboard\]'"):
        tensorboard.export(exported.described(folder), tmp_path / "out", exported.ignored)
    assert not (tmp_path / "out").exists()


def test_settings_are_written_in_an_order_that_no_chance_decides(folder, written):
    runs = [run for run in exported.described(folder) if run.kind != "board"]
    for path in (p.parent for p in written[0].rglob("events.*") if p.parent.name not in {"board", written[0].name}):
        content = accumulator(path).SummaryMetadata("_hparams_/session_start_info").plugin_data.content
        assert content == plugin_data_pb2.HParamsPluginData.FromString(content).SerializeToString(deterministic=True)
        runs.pop()
    assert not runs
