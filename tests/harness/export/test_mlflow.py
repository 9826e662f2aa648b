import json
import warnings
from pathlib import Path

import exported
import pytest

from harness.errors import HarnessError
from harness.export import mlflow

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    pytest.importorskip(
        "mlflow.tracking",
        reason="MLflow is not installed: pip install 'alignment-harness[mlflow]'",
        exc_type=ImportError,
    )
    from mlflow.tracking import MlflowClient


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return exported.results(tmp_path_factory.mktemp("results"))


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    """One database for all tests of this file; to make one takes seconds."""
    return mlflow.place(tmp_path_factory.mktemp("store") / "mlflow", "")


@pytest.fixture(scope="module")
def client(where, written):
    return MlflowClient(tracking_uri=where.uri)


FILES = {"leaderboard.md": "| row |", "leaderboard.csv": "row\n"}


@pytest.fixture(scope="module")
def written(folder, where):
    return mlflow.export(exported.described(folder, files=FILES), where, "core", exported.ignored)


def runs_of(client, experiment, view=1):
    number = client.get_experiment_by_name(experiment).experiment_id
    return {run.info.run_name: run for run in client.search_runs([number], run_view_type=view, max_results=1000)}


def test_every_run_is_a_finished_run_of_the_suites_experiment(client, written):
    found = runs_of(client, "core")
    assert set(found) == {"base", "dpo, seed 0", "dpo, seed 1", "rpo, seed 0", "board of core"}
    assert {run.info.status for run in found.values()} == {"FINISHED"}
    assert {run.tracker_id for run in written.runs} == {run.info.run_id for run in found.values()}
    assert {run.state for run in written.runs} == {"written"}


def test_curves_parameters_and_figures_are_those_of_the_records(client, folder):
    found = runs_of(client, "core")
    for run in exported.described(folder):
        there = found[run.name]
        for name, curve in run.curves.items():
            points = client.get_metric_history(there.info.run_id, f"train/{name}")
            assert sorted((p.step, p.value) for p in points) == list(zip(curve.steps, curve.values, strict=True))
            assert {p.timestamp for p in points} == {exported.STARTED * 1000}
        for name, value in run.figures.items():
            assert there.data.metrics[name.replace("[", "_").replace("]", "")] == value
        texts = {name: v if isinstance(v, str) else json.dumps(v) for name, v in run.settings.items()}
        texts |= {name: v if isinstance(v, str) else json.dumps(v) for name, v in run.surroundings.items()}
        assert there.data.params == texts
        assert there.data.metrics.get("cost/train/steps") == run.cost.get("train/steps")
        assert there.info.start_time == exported.STARTED * 1000
        assert there.info.end_time == (exported.STARTED + run.seconds) * 1000


def test_tags_say_what_a_run_is_and_what_a_changed_name_was(client):
    tags = runs_of(client, "core")["dpo, seed 0"].data.tags
    wanted = {"suite": "core", "row": "dpo", "seed": "0", "method": "dpo", "distribution": "alignment-harness"}
    assert {name: tags[f"harness.{name}"] for name in wanted} == wanted
    assert tags["harness.standing"]
    assert json.loads(tags["harness.names.1"]) == {"truth/score_length: longer": "truth/score[length: longer]"}
    assert json.loads(tags["harness.left_out.1"]) == {"loss (not finite)": "1"}


def test_the_boards_files_are_artifacts_beside_the_database(client, where):
    run = runs_of(client, "core")["board of core"]
    folder = Path(where.uri.removeprefix("sqlite:///")).parent
    assert Path(run.info.artifact_uri.removeprefix("file://")).is_relative_to(folder)
    assert {file.path for file in client.list_artifacts(run.info.run_id)} == set(FILES)
    path = client.download_artifacts(run.info.run_id, "leaderboard.md")
    assert Path(path).read_text() == "| row |"


def test_a_second_export_changes_nothing(client, folder, where):
    before = runs_of(client, "core", view=3)
    done = mlflow.export(exported.described(folder, files=FILES), where, "core", exported.ignored)
    after = runs_of(client, "core", view=3)
    assert {run.state for run in done.runs} == {"unchanged"}
    assert {name: run.to_dictionary() for name, run in after.items()} == {
        name: run.to_dictionary() for name, run in before.items()
    }
    history = client.get_metric_history(after["dpo, seed 0"].info.run_id, "train/gradient_norm")
    assert len(history) == exported.STEPS


def test_another_figure_replaces_a_run_which_keeps_the_notes_of_people(client, where, tmp_path):
    folder = exported.results(tmp_path)
    first = mlflow.export(exported.described(folder), where, "changed", exported.ignored)
    old = next(run.tracker_id for run in first.runs if run.name == "dpo, seed 0")
    client.set_tag(old, "mlflow.note.content", "looks odd")
    client.set_tag(old, "reviewed", "yes")
    exported.rescored(folder, "dpo", 0, 0.75)
    done = mlflow.export(exported.described(folder), where, "changed", exported.ignored)
    assert [run.name for run in done.runs if run.state == "updated"] == ["dpo, seed 0", "board of core"]
    found = runs_of(client, "changed")
    assert len(found) == 5
    run = found["dpo, seed 0"]
    assert run.info.run_id != old
    assert run.data.metrics["truth/score"] == 0.75
    assert (run.data.tags["mlflow.note.content"], run.data.tags["reviewed"]) == ("looks odd", "yes")


def test_a_long_curve_is_told_whole(client, where, tmp_path):
    lines = exported.log_lines(0, steps=900)
    folder = exported.results(tmp_path, losses={("dpo", 0): lines})
    mlflow.export(exported.described(folder, only=["dpo"]), where, "long", exported.ignored)
    run = runs_of(client, "long")["dpo, seed 0"]
    history = client.get_metric_history(run.info.run_id, "train/gradient_norm")
    assert sorted((p.step, p.value) for p in history) == [(line["step"], line["gradient_norm"]) for line in lines]


def test_another_standing_changes_tags_alone(client, where, tmp_path):
    folder = exported.results(tmp_path)
    first = mlflow.export(exported.described(folder, only=["dpo"]), where, "standing", exported.ignored)
    manifest = json.loads((folder / "run.json").read_text())
    manifest["rows"][1] |= {"control": True}
    (folder / "run.json").write_text(json.dumps(manifest))
    done = mlflow.export(exported.described(folder, only=["dpo"]), where, "standing", exported.ignored)
    assert {run.state for run in done.runs} == {"updated"}
    assert [run.tracker_id for run in done.runs] == [run.tracker_id for run in first.runs]
    tags = runs_of(client, "standing")["dpo, seed 0"].data.tags
    assert (tags["harness.standing"], tags["harness.control"]) == ("control", "true")


def test_what_was_broken_off_looks_unfinished_and_is_done_again(client, where, tmp_path, monkeypatch):
    folder = exported.results(tmp_path)

    def broken(*arguments, **named):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(MlflowClient, "set_terminated", broken)
        with pytest.raises(KeyboardInterrupt):
            mlflow.export(exported.described(folder, only=["dpo"]), where, "broken", exported.ignored)
    assert {run.info.status for run in runs_of(client, "broken").values()} == {"RUNNING"}
    done = mlflow.export(exported.described(folder, only=["dpo"]), where, "broken", exported.ignored)
    assert {run.state for run in done.runs} == {"written"}
    found = runs_of(client, "broken")
    assert {run.info.run_id for run in found.values()} == {run.tracker_id for run in done.runs}
    assert {run.info.status for run in found.values()} == {"FINISHED"}


HOSTILE = ("../../escape", "a<b", "a>b", "..", "\u202egnp\x1b[31m", "x" * 400, "'; DROP TABLE runs; --", "`", "%")


def test_hostile_names_stay_apart_and_are_kept_in_tags(client, where, tmp_path):
    extra = {label: {"method": "dpo", "options": {label: "x" * 9000, "a//b": 1}} for label in HOSTILE}
    folder = exported.results(tmp_path, extra=extra)
    done = mlflow.export(exported.described(folder, only=HOSTILE), where, "hostile", exported.ignored)
    assert len({run.tracker_id for run in done.runs}) == len(HOSTILE)
    for one, label in zip(done.runs, HOSTILE, strict=True):
        run = client.get_run(one.tracker_id)
        assert len([name for name in run.data.metrics if name.startswith("truth/")]) == 3
        assert run.data.params["option.a/_/b"] == "1"
        names = {}
        for number in range(1, 9):
            names |= json.loads(run.data.tags.get(f"harness.names.{number}", "{}"))
        assert label in {"..", "%"} or any(label[:3] in name or "\ufffd" in name for name in names.values())
    again = mlflow.export(exported.described(folder, only=HOSTILE), where, "hostile", exported.ignored)
    assert {run.state for run in again.runs} == {"unchanged"}


def test_an_experiment_that_was_deleted_is_said_to_be(client, folder, where):
    client.delete_experiment(client.create_experiment("gone"))
    with pytest.raises(HarnessError, match="the experiment 'gone' was deleted"):
        mlflow.export(exported.described(folder), where, "gone", exported.ignored)


def test_an_address_that_mlflow_does_not_know_is_no_traceback(folder, tmp_path):
    with pytest.raises(HarnessError, match="MLflow refuses"):
        mlflow.export(exported.described(folder), mlflow.place(tmp_path, "nonsense://x"), "core", exported.ignored)


def test_a_file_that_is_no_database_is_no_traceback(folder, tmp_path):
    (tmp_path / "mlflow.db").write_text("something else")
    with pytest.raises(HarnessError, match=r"MLflow refuses: .*not a database") as caught:
        mlflow.export(exported.described(folder), mlflow.place(tmp_path, ""), "core", exported.ignored)
    assert "--out" in caught.value.fix
