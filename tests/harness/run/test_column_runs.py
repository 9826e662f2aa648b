"""Runs in which columns are learnt and judged, and rows start from each other."""

import json
from dataclasses import dataclass, replace
from typing import ClassVar

import pytest
import tiny
import toy

import harness
from harness.engine import loading
from harness.reporter import Reporter
from harness.run.suite_run import run_suite
from harness.store import Store
from harness.suite import read_suite

TEXT = """
data: {source: toy}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
methods:
  - {column: taste}
  - {column: taste, label: distaste, options: {scale: -1}}
  - tasteful
  - sft
  - {method: dpo, init: sft}
evaluators: [preference, drift]
seeds: [0, 1]
budget: {batch: 4}
"""


class Recorder(Reporter):
    def __init__(self):
        self.seen = []

    def ended(self, title, state, reason, seconds):
        self.seen.append((title, state, reason))


def execute(folder, *sets, text=TEXT, **kwargs):
    recorder = Recorder()
    suite = read_suite(str(toy.write_suite(folder, text)), registry=toy.registry(), sets=sets)
    return run_suite(suite, toy.registry(), folder / "results", recorder, **kwargs), recorder.seen


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    return folder, *execute(folder)


def row_of(run, label):
    return next(row for row in run.manifest.rows if row.label == label)


def board_row(run, label):
    board = json.loads((run.folder / "leaderboard.json").read_text())
    return next(row for row in board["rows"] if row["label"] == label)


def test_a_column_row_is_judged_where_a_score_is_enough_and_skipped_elsewhere(finished):
    _, run, _ = finished
    assert run.exit_code == 0
    states = {(cell.what, cell.state) for cell in row_of(run, "taste").cells}
    assert states == {("preference", "done"), ("drift", "skipped")}
    assert {cell.reason for cell in row_of(run, "taste").cells if cell.what == "drift"} == {
        "this row has no language model"
    }


def test_a_column_that_learnt_ranks_by_what_it_learnt(finished):
    _, run, _ = finished
    accuracy = [board_row(run, label)["metrics"]["preference/accuracy"] for label in ("taste", "distaste")]
    assert accuracy[0]["mean"] > 0.9
    assert accuracy[0]["mean"] + accuracy[1]["mean"] == pytest.approx(1)
    assert set(accuracy[0]["per_seed"]) == {"0", "1"}
    assert "preference/accuracy_logp" not in board_row(run, "taste")["metrics"]


def test_what_a_fit_said_of_itself_is_kept(finished):
    folder, run, _ = finished
    store = Store(folder / "results")
    fits = {step.title: step.digest for step in run.plan.steps if step.kind == "fit"}
    record = json.loads((store.folder(fits["fit taste, seed 1"]) / "record.json").read_text())
    assert record["notes"]["fit"] == {"seed": 1, "examples": 12}
    assert record["notes"]["ledger"]["kept"] == 12
    assert record["payload"] == ["fit"]


def test_the_record_of_a_trained_reward_model_says_what_the_engine_chose(tmp_path):
    text = TEXT.replace("column: taste", "column: reward_model", 1)
    run, _ = execute(tmp_path, "seeds=[0]", "evaluators=[preference]", text=text, only=["reward_model"])
    (fit,) = (s.digest for s in run.plan.steps if s.title == "fit reward_model, seed 0")
    engine = Store(tmp_path / "results").record(fit).provenance.engine
    assert (engine["pass"], engine["dtype"]) == ("packed", "fp32")


def test_the_fit_of_a_column_is_shared_by_all_that_read_it(finished):
    _, _, seen = finished
    titles = [title for title, _, _ in seen if title.startswith("fit taste")]
    assert sorted(titles) == ["fit taste, seed 0"] * 2 + ["fit taste, seed 1"] * 2  # two scales, two seeds


def test_what_was_learnt_with_other_options_is_told_apart_on_the_board(finished):
    _, run, _ = finished
    board = json.loads((run.folder / "leaderboard.json").read_text())
    fits = {one["what"]: one for one in board["shared"] if one["what"].startswith("fit")}
    assert {what: one["rows"] for what, one in fits.items()} == {
        "fit taste": ["taste", "tasteful"],
        "fit taste [scale=-1.0]": ["distaste"],
    }
    assert {one["steps"] for one in fits.values()} == {2}


def test_what_was_learnt_from_other_numbers_of_prompts_is_told_apart_on_the_board(tmp_path):
    text = TEXT.replace("budget: {batch: 4}", "budget: {batch: 4, prompts: [4, 8]}")
    run, _ = execute(tmp_path, "seeds=[0]", "evaluators=[preference]", text=text, only=["taste[prompts=4]"])
    fits = {step.what for step in run.manifest.shared if step.what.startswith("fit")}
    assert {"fit taste [prompts=4]", "fit taste [scale=-1.0,prompts=8]"} <= fits


def test_the_board_says_what_a_row_was_given(finished):
    _, run, _ = finished
    assert row_of(run, "taste").saw == ["taste column, fitted on pairs of its training split"]
    assert (row_of(run, "taste").kind, row_of(run, "taste").method) == ("column", "taste")
    fitted = "taste column, fitted on pairs of its training split"
    assert row_of(run, "tasteful").saw == ["candidates", fitted, "reference column"]
    assert row_of(run, "dpo").saw[-1] == "the policy of sft"
    assert row_of(run, "sft").kind == "method"


def test_a_second_run_computes_nothing(finished):
    folder, first, _ = finished
    before = (first.folder / "leaderboard.json").read_bytes()
    again, seen = execute(folder)
    assert {state for _, state, _ in seen} <= {"skipped"}
    assert (again.folder / "leaderboard.json").read_bytes() == before


def test_only_a_row_that_starts_from_another_runs_that_too(tmp_path):
    run, seen = execute(tmp_path, "seeds=[0]", "evaluators=[preference]", only=["dpo"])
    assert [t for t, _, _ in seen if t.startswith("train")] == ["train sft, seed 0", "train dpo, seed 0"]
    assert {cell.state for cell in row_of(run, "dpo").cells} == {"done"}
    assert {cell.state for cell in row_of(run, "tasteful").cells} == {"missing"}


CHAIN = TEXT.replace(
    "  - {method: dpo, init: sft}", "  - {method: dpo, init: sft}\n  - {method: dpo, label: more, init: dpo}"
)
FIRST = CHAIN.index("  - {column: taste}"), CHAIN.index("  - sft")
CHAIN = CHAIN[: FIRST[0]] + CHAIN[FIRST[1] :]


@pytest.mark.parametrize("whole", ["none", "sft"])
def test_adapters_may_be_trained_on_from_row_to_row(tmp_path, whole):
    sets = ["seeds=[0]", "evaluators=[preference]", "training.lora={r: 2}", "keep=none"]
    if whole == "sft":
        sets.append("methods.sft.training={lora: null}")
    run, _ = execute(tmp_path, *sets, text=CHAIN)
    assert run.exit_code == 0
    assert {cell.state for row in run.manifest.rows for cell in row.cells} == {"done"}
    again, seen = execute(tmp_path, *sets, "evaluators=[preference, drift]", text=CHAIN, only=["more"])
    assert again.exit_code == 0
    assert [t for t, _, _ in seen if t.startswith("train")] == [
        "train sft, seed 0",
        "train dpo, seed 0",
        "train more, seed 0",
    ]


def test_a_fit_that_fails_takes_its_readers_with_it_and_nothing_else(tmp_path, monkeypatch):
    def fit(self, examples, bench, seed):
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(toy.Taste, "fit", fit)
    run, _ = execute(tmp_path, "seeds=[0]", "evaluators=[preference]")
    states = {row.label: {(cell.state, cell.reason) for cell in row.cells} for row in run.manifest.rows}
    assert states["taste"] == states["tasteful"] == {("failed", "ZeroDivisionError: on purpose")}
    assert {state for state, _ in states["dpo"]} == {"done"}


def test_a_column_of_the_base_is_the_bases_own_in_a_row_that_starts_from_a_model_of_other_tokens(tmp_path):
    """Such a row lays its examples out in its own tokens; the base would read them as other words."""

    @dataclass(frozen=True)
    class Familiar(harness.Column):
        name: ClassVar[str] = "familiar"
        source: ClassVar[str] = "test"
        reads: ClassVar[str] = "base"

        def compute(self, examples, bench):
            found = [total for total, _ in bench.model.logps(examples)]
            for example, totals in zip(examples, found, strict=True):
                for response, total in zip(example.responses, totals, strict=True):
                    seen.setdefault((example.prompt, response.text), set()).add(round(float(total), 3))
            return found

    seen = {}
    foreign = tiny.language_model()
    foreign.tokenizer = tiny.tokenizer(backwards=True)
    loading.save(foreign, tmp_path / "foreign")
    text = """
data: {source: toy}
methods:
  - {policy: foreign}
  - {column: familiar}
  - {method: tasteful, options: {reward: familiar}, init: foreign}
evaluators: [preference]
seeds: [0]
budget: {batch: 4}
"""
    registry = replace(toy.registry(), columns=toy.offering(toy.registry().columns, Familiar))
    suite = read_suite(str(toy.write_suite(tmp_path, text)), registry=registry)
    assert run_suite(suite, registry, tmp_path / "results", Reporter()).exit_code == 0
    assert {len(values) for values in seen.values()} == {1}
