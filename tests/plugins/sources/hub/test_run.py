from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tiny
from hub_presets import kto_mix, ultrafeedback_binarized
from loopback_hub import LoopbackHub, point_here, serving

from harness import host
from harness.engine import loading
from harness.reporter import Reporter
from harness.run.suite_run import Finished, run_suite
from harness.suite import read_suite

SUITE = """
model: {name: someone/tiny, revision: v1}
data: {source: hub, preset: ultrafeedback_binarized}
tokens: {max: 64, min_prompt: 4}
methods:
  - policy: base
  - {policy: someone/tiny, label: finished}
  - {policy: someone/none, label: gone}
evaluators: [preference]
budget: {prompts: 4, batch: 2}
"""


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    with serving() as served:
        served.publish("dataset", "HuggingFaceH4/ultrafeedback_binarized", ultrafeedback_binarized(12))
        for seed, revision in enumerate(("v1", "main")):
            loading.save(tiny.language_model(seed=seed), tmp_path / revision)
            served.publish("model", "someone/tiny", tmp_path / revision, revision=revision)
        point_here(monkeypatch, served, tmp_path / "hf")
        yield served


def board(folder: Path, text: str = SUITE) -> Finished:
    (folder / "hub.yaml").write_text(text)
    registry = host.load()
    return run_suite(read_suite(str(folder / "hub.yaml"), registry=registry), registry, folder / "results", Reporter())


def test_a_board_names_the_commits_of_data_models_and_checkpoints(hub: LoopbackHub, tmp_path: Path):
    finished = board(tmp_path)
    assert finished.exit_code == 0
    tiny_model = hub.repositories["model", "someone/tiny"].refs
    (data,) = hub.repositories["dataset", "HuggingFaceH4/ultrafeedback_binarized"].commits
    assert finished.board.model == f"someone/tiny@{tiny_model['v1']}"
    assert finished.board.data == f"hub, HuggingFaceH4/ultrafeedback_binarized@{data}"
    rows: dict[str, Any] = {row.label: row for row in finished.manifest.rows}
    assert rows["finished"].options == {"checkpoint": f"someone/tiny@{tiny_model['main']}"}
    assert rows["base"].options == rows["gone"].options == {}
    assert {cell.reason for cell in rows["gone"].cells} == {"the Hub has no model 'someone/none', or it is private"}


def test_a_branch_that_is_pinned_afterwards_changes_no_result(hub: LoopbackHub, tmp_path: Path):
    board(tmp_path)
    pinned = hub.repositories["model", "someone/tiny"].refs["v1"]
    (data,) = hub.repositories["dataset", "HuggingFaceH4/ultrafeedback_binarized"].commits
    text = SUITE.replace("revision: v1", f"revision: {pinned}").replace("binarized}", f"binarized, revision: {data}}}")
    assert board(tmp_path, text).endings == {}


def test_a_row_that_the_data_cannot_serve_is_skipped_with_the_reason(hub: LoopbackHub, tmp_path: Path):
    hub.publish("dataset", "trl-lib/kto-mix-14k", kto_mix(40))
    text = SUITE.replace("ultrafeedback_binarized", "kto-mix-14k")
    finished = board(tmp_path, text.replace("  - {policy: someone/none, label: gone}\n", "  - dpo\n"))
    (dpo,) = [row for row in finished.manifest.rows if row.label == "dpo"]
    assert {cell.state for cell in dpo.cells} == {"skipped"}
    assert "pairs" in dpo.cells[0].reason
