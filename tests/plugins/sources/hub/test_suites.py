"""The shipped suites on data of the Hub, from end to end: tiny random models, and rows in the schema of the data."""

from __future__ import annotations

import json
import math
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hub_models import publish_model
from hub_presets import publish_presets
from loopback_hub import point_here, serving

from harness import host
from harness.reporter import Reporter
from harness.run.suite_run import Finished, run_suite
from harness.suite import read_suite

MODELS = {
    "ddo-rm-pythia410m": ("EleutherAI/pythia-410m", "gpt_neox"),
    "ultrafeedback": ("Qwen/Qwen2.5-1.5B-Instruct", "qwen2"),
    "unpaired": ("Qwen/Qwen2.5-0.5B-Instruct", "qwen2"),
}
WRITES_NOTHING = {"this row has no language model"}
SHORT = ("budget.batch=8", "evaluators.drift.options.max_tokens=4", "evaluators.drift.options.prompts=4")


@dataclass(frozen=True)
class Ran:
    """A suite that was run with one seed."""

    finished: Finished

    def reasons(self) -> dict[str, set[str]]:
        """Per row that is not done in full, the reasons; every cell is done or skipped."""
        cells = [(row.label, cell) for row in self.finished.manifest.rows for cell in row.cells]
        assert {cell.state for _, cell in cells} <= {"done", "skipped"}
        assert all(cell.reason for _, cell in cells if cell.state == "skipped")
        for row in self.finished.board.rows:
            assert all(
                metric.name in row.metrics or row.skipped[metric.name].reason for metric in self.finished.board.metrics
            )
        rest = [(label, cell.reason) for label, cell in cells if cell.state == "skipped"]
        return {label: {reason for other, reason in rest if other == label} for label, _ in rest}

    def figure(self, label: str, metric: str) -> float:
        (row,) = [row for row in self.finished.board.rows if row.label == label]
        return row.metrics[metric].mean

    def curve(self, label: str) -> list[dict[str, Any]]:
        """The training metrics of a row, all of them finite."""
        (row,) = [row for row in self.finished.manifest.rows if row.label == label]
        (trained,) = [cell.digest for cell in row.cells if cell.what == "train"]
        written = (self.finished.folder.parent / "steps" / str(trained) / "metrics.jsonl").read_text()
        steps = [json.loads(line) for line in written.splitlines()]
        assert len(steps) == 2
        assert all(math.isfinite(value) for step in steps for value in step.values() if not isinstance(value, list))
        return steps

    def shared(self, what: str) -> list[Sequence[str]]:
        """Rows that need a step of this title, for every such step."""
        return [step.rows for step in self.finished.manifest.shared if step.what == what]


def ran(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, sets: Sequence[str] = ()) -> Ran:
    registry = host.load()
    suite = read_suite(name, registry=registry, sets=[*SHORT, *sets], seeds=[42])
    with serving() as hub:
        publish_presets(hub, 40)
        publish_model(hub, *MODELS[name], positions=256)
        point_here(monkeypatch, hub, folder / "hub")
        finished = run_suite(suite, registry, folder / "results", Reporter(), limit=16)
    assert finished.exit_code == 0
    return Ran(finished)


@pytest.mark.parametrize("name", MODELS)
def test_reading_a_suite_asks_no_hub(name: str, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    suite = read_suite(name, registry=host.load())
    assert suite.model is not None
    assert suite.model.name == MODELS[name][0]


def test_the_ddo_rm_protocol_runs_beside_its_published_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = ran("ddo-rm-pythia410m", tmp_path, monkeypatch, ["tokens.max=96"])
    assert set(run.reasons()) == {"reward model", "length only"}
    assert all("has no language model" in reason for reason in run.reasons()["reward model"])  # drift

    published = run.finished.board.published
    assert {(one.row, one.metric) for one in published} == {
        *(
            (row, f"preference/{metric}_mean_logp")
            for row in ("dpo", "ddo_rm")
            for metric in ("accuracy", "auc", "margin")
        ),
        *(("reward model", f"preference/{metric}") for metric in ("accuracy", "auc", "margin")),
    }
    for one in published:
        assert math.isfinite(run.figure(one.row, one.metric))

    rewarded = {"reward model", "ddo_rm", "ddo_rm, detached target", "reward_argmax"}
    (fitted,) = run.shared("fit reward_model")
    assert set(fitted) == rewarded
    (fit,) = [shared for shared in run.finished.board.shared if shared.what == "fit reward_model"]
    assert fit.facts["prompts cut on the left"] == 16
    for label in rewarded - {"reward model"}:
        assert run.curve(label)[0]["policy_reward"] == run.curve("ddo_rm")[0]["policy_reward"]
    first = run.curve("dpo")[0]
    assert first["loss"] == pytest.approx(math.log(2), abs=1e-3)  # it starts at its reference, the policy after SFT
    assert abs(first["chosen_log_ratio"]) < 0.01


@pytest.mark.slow
def test_ultrafeedback_runs_all_pairwise_methods(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = ran("ultrafeedback", tmp_path, monkeypatch, ["methods.hypo.options.max_tokens=4"])
    assert run.reasons() == {"length only": WRITES_NOTHING}
    assert run.curve("hypo")[0]["kl"] == pytest.approx(0, abs=1e-3)
    assert 0 < run.curve("dora")[0]["pair_weight"] < 2
    assert 1 < run.curve("ddo_rm")[0]["policy_reward"] < 5
    assert run.shared("fit source_ratio") == [["dora"]]
    for label in ("sft", "dpo", "rpo", "ddro", "dpo on random labels"):
        run.curve(label)


def test_unpaired_runs_what_labels_can_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run = ran("unpaired", tmp_path, monkeypatch)
    assert run.reasons() == {"dpo": {"dpo needs pairs; the data carry labels"}, "length only": WRITES_NOTHING}
    for label in ("sft", "ddro", "ddro on random labels"):
        run.curve(label)
        assert 0 <= run.figure(label, "preference/auc") <= 1
