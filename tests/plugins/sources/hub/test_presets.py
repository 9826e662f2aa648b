from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from harness_plugins.sources.hub import Hub
from harness_plugins.sources.hub.layout import layout
from harness_plugins.sources.hub.presets import PRESETS, PresetName
from hub_presets import publish_presets
from loopback_hub import LoopbackHub, point_here, serving

from harness.conversions import meet
from harness.examples import Message, Split, carries

SPLITS: tuple[Split, ...] = get_args(Split)


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    with serving() as served:
        publish_presets(served)
        point_here(monkeypatch, served, tmp_path)
        yield served


def test_every_preset_can_be_named():
    assert set(PRESETS) == set(get_args(PresetName))


@pytest.mark.parametrize(
    ("preset", "carried", "sizes"),
    [
        ("ultrafeedback_binarized", {"pairs", "candidates", "rewards"}, (60, 15)),
        ("hh-rlhf", {"pairs", "candidates"}, (60, 15)),
        ("kto-mix-14k", {"labels"}, (60, 15)),
        ("ultrafeedback", {"candidates", "rewards", "sources"}, None),
    ],
)
def test_rows_of_its_schema_are_read_whole(hub: LoopbackHub, preset: Any, carried: set[str], sizes: Any):
    parts = {split: Hub(preset=preset).examples(split, 0) for split in SPLITS}
    assert {split: carries(found) for split, found in parts.items()} == dict.fromkeys(SPLITS, carried)
    ledger = parts["train"].ledger
    assert not ledger.dropped
    assert ledger.read == sum(found.ledger.kept for found in parts.values())
    prompts = [{example.prompt for example in found} for found in parts.values()]
    assert sum(map(len, prompts)) == len(set.union(*prompts))
    if sizes:
        assert (len(parts["train"]) + len(parts["validation"]), len(parts["test"])) == sizes
    else:
        assert ledger.read == 60


@pytest.mark.parametrize("preset", PRESETS)
def test_offline_the_cache_gives_the_same_examples(
    hub: LoopbackHub, preset: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    before = [Hub(preset=preset).examples(split, 3) for split in SPLITS]
    name, commit = Hub(preset=preset).fingerprint(), Hub(preset=preset).described()
    hub.requests.clear()
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)  # a cache that nothing is remembered of
    point_here(monkeypatch, hub, tmp_path / "link", offline=True)
    assert [Hub(preset=preset).examples(split, 3) for split in SPLITS] == before
    assert (Hub(preset=preset).fingerprint(), Hub(preset=preset).described()) == (name, commit)
    assert hub.requests == []


def test_only_the_files_of_the_splits_that_are_used_are_fetched(hub: LoopbackHub):
    Hub(preset="ultrafeedback_binarized").examples("train", 0)
    fetched = {request.rpartition("/")[2] for request in hub.requests if request.startswith("GET /datasets")}
    assert fetched - {"README.md"} == {"train_prefs-00000-of-00001.parquet", "test_prefs-00000-of-00001.parquet"}


def test_a_cache_that_another_program_filled_is_used_offline(
    hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    from huggingface_hub import hf_hub_download

    name = "trl-lib/kto-mix-14k"
    ((commit, files),) = hub.repositories["dataset", name].commits.items()
    for path in files:
        hf_hub_download(name, path, repo_type="dataset", revision=commit)
    assert not list(tmp_path.rglob("trees"))
    point_here(monkeypatch, hub, tmp_path, offline=True)
    layout.cache_clear()
    assert len(Hub(preset="kto-mix-14k", revision=commit).examples("test", 0)) == 15


def test_candidates_of_ultrafeedback_have_models_scores_and_subsets(hub: LoopbackHub):
    found = Hub(preset="ultrafeedback", subsets=("flan",), test=0, validation=0).examples("train", 0)
    assert len(found) == 10
    assert {example.subset for example in found} == {"flan"}
    assert {response.source for example in found for response in example.responses} >= {"gpt-4", "alpaca-7b"}
    assert all(1 <= (response.reward or 0) <= 5 for example in found for response in example.responses)
    assert "pairs" in carries(meet(found, {"pairs"}))
    overall = Hub(preset="ultrafeedback", columns={"score": "overall_score"}).examples("train", 0)
    assert max(response.reward or 0 for example in overall for response in example.responses) == 10


def test_one_folder_of_hh_rlhf(hub: LoopbackHub):
    found = Hub(preset="hh-rlhf", data_dir="harmless-base", validation=0).examples("train", 0)
    assert found.ledger.read == 15 + 4
    assert len(found) == 15
    roles = tuple(turn.role for turn in found[0].prompt)
    assert roles == ("user", "assistant", "user")
    assert found[0].prompt[1] == Message("assistant", "Which part of it?")
