import json

import exported
import pytest

from harness.errors import StoreError, SuiteError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return exported.results(tmp_path_factory.mktemp("results"))


@pytest.fixture
def runs(folder):
    return {run.name: run for run in exported.described(folder)}


def test_there_is_a_run_for_every_training_every_row_as_it_is_and_the_board(folder, runs):
    assert list(runs) == ["base", "dpo, seed 0", "dpo, seed 1", "rpo, seed 0", "board of core"]
    assert [run.kind for run in runs.values()] == ["row", "training", "training", "training", "board"]
    assert len(exported.described(folder)) == len(runs)


def test_what_failed_is_named_with_its_reason(folder):
    assert exported.described(folder).without == ("rpo, seed 1: failed: DataError: the loss is not finite at step 17",)


def test_curves_have_every_step_of_the_log(runs):
    lines = exported.log_lines(1)
    curves = runs["dpo, seed 1"].curves
    assert set(curves) == {"loss", "gradient_norm", "response_tokens"}
    assert curves["gradient_norm"].values == tuple(line["gradient_norm"] for line in lines)
    assert curves["gradient_norm"].steps == tuple(range(1, len(lines) + 1))


def test_values_that_are_not_finite_are_left_out_and_counted(runs):
    run = runs["dpo, seed 0"]
    assert 3 not in run.curves["loss"].steps
    assert run.left_out == {"loss (not finite)": 1}


def test_settings_are_flat_and_say_what_was_chosen(runs):
    assert runs["dpo, seed 1"].settings == {
        "row": "dpo",
        "method": "dpo",
        "model": "made by the source world",
        "data": "world",
        "seed": 1,
        "option.beta": 0.1,
        "option.nested.k": 2,
        "option.nested.of": "[1, 2]",
        "option.nested.none": "null",
        "training.learning_rate": 0.0001,
        "training.schedule": "cosine",
        "training.clip": 1.0,
        "budget.prompts": 3072,
        "budget.epochs": 1,
        "budget.batch": 64,
        "prompts": "null",
    }
    assert runs["dpo, seed 1"].surroundings["version.torch"] == "2.13.0"
    assert runs["dpo, seed 1"].surroundings["engine.device"] == "cpu"


def test_figures_are_those_of_the_board_at_that_seed(folder, runs):
    board = exported.described(folder).board
    row = next(row for row in board.rows if row.label == "dpo")
    for name, measure in row.metrics.items():
        assert measure.per_seed
        assert {seed: runs[f"dpo, seed {seed}"].figures[name] for seed in (0, 1)} == measure.per_seed
    assert runs["dpo, seed 0"].headline == ("truth/score",)


def test_the_board_has_every_mean_with_its_interval(folder, runs):
    board = exported.described(folder).board
    row = next(row for row in board.rows if row.label == "dpo")
    measure = row.metrics["truth/score"]
    figures = runs["board of core"].figures
    named = ("truth/score/dpo", "truth/score/dpo/low", "truth/score/dpo/high")
    assert tuple(figures[name] for name in named) == (measure.mean, *measure.ci95)
    table = runs["board of core"].table
    assert [line[0] for line in table.rows] == [row.label for row in board.rows]


def test_times_and_cost_are_those_of_the_records(runs):
    run = runs["dpo, seed 0"]
    assert run.started == exported.STARTED
    assert run.seconds == 17.5
    assert run.cost["train/steps"] == 48
    assert run.cost["evaluate/cpu_seconds"] == 2.5


def test_a_run_is_the_same_run_for_as_long_as_its_training_is(folder, runs, tmp_path):
    again = {run.name: run for run in exported.described(exported.results(tmp_path))}
    assert {name: run.key for name, run in again.items()} == {name: run.key for name, run in runs.items()}
    assert {name: run.content for name, run in again.items()} == {name: run.content for name, run in runs.items()}
    assert len({run.key for run in runs.values()}) == len(runs)
    exported.rescored(tmp_path / "core", "dpo", 0, 0.75)
    changed = {run.name: run for run in exported.described(tmp_path / "core")}
    assert changed["dpo, seed 0"].key == runs["dpo, seed 0"].key
    assert changed["dpo, seed 0"].content != runs["dpo, seed 0"].content
    assert changed["dpo, seed 1"].content == runs["dpo, seed 1"].content


def test_a_row_alone_comes_without_the_board(folder):
    assert [run.name for run in exported.described(folder, only=["dpo"])] == ["dpo, seed 0", "dpo, seed 1"]
    with pytest.raises(SuiteError, match="no row is called 'dop'; did you mean 'dpo'"):
        exported.described(folder, only=["dop"])


def test_a_log_that_is_broken_or_gone_is_told_as_far_as_it_goes(tmp_path):
    lines = [
        {"step": 2, "loss": 0.5, "note": "text"},
        '{"step": 3, "loss": NaN, "big": 1e999}',
        '{"step": 4, "loss": 0.2',
        "[]",
        '{"step": "5", "loss": 1}',
        {"step": 1, "loss": 10**400},
        {"step": 2, "loss": 0.25},
    ]
    folder = exported.results(tmp_path, losses={("dpo", 0): lines, ("dpo", 1): []})
    runs = {run.name: run for run in exported.described(folder)}
    assert {name: (c.steps, c.values) for name, c in runs["dpo, seed 0"].curves.items()} == {"loss": ((2,), (0.25,))}
    left_out = runs["dpo, seed 0"].left_out
    assert left_out == {
        "lines of the training log that cannot be read": 3,
        "loss (not finite)": 2,
        "big (not finite)": 1,
    }
    assert runs["dpo, seed 1"].curves == {}


def test_a_time_that_is_none_is_an_error(tmp_path):
    folder = exported.results(tmp_path)
    path = next((tmp_path / "steps").glob("*1/record.json"))
    record = json.loads(path.read_text())
    record["provenance"]["started"] = "yesterday"
    path.write_text(json.dumps(record))
    with pytest.raises(StoreError, match="states no time at which it started: 'yesterday'"):
        list(exported.described(folder))


def test_options_whose_names_hold_dots_are_not_confused(tmp_path):
    options = {"a.b": 1, "a": {"b": 2}}
    folder = exported.results(tmp_path, extra={"odd": {"options": options}})
    settings = next(run for run in exported.described(folder) if run.row == "odd").settings
    assert (settings['option."a.b"'], settings["option.a.b"]) == (1, 2)
