from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from harness_plugins.sources.hub import Hub, harness_sources
from harness_plugins.sources.hub.layout import layout
from hub_presets import card, lines, publish_presets
from loopback_hub import LoopbackHub, point_here, serving

from harness.digest import plain
from harness.errors import DataError
from harness.hub import Repository

NAME = "someone/preferences"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    with serving() as served:
        point_here(monkeypatch, served, tmp_path)
        yield served


def pairs(*numbers: int, word: str = "yes") -> bytes:
    return lines([{"prompt": f"Question {i}?", "chosen": f"{word} {i}", "rejected": f"no {i}"} for i in numbers])


def publish(hub: LoopbackHub, revision: str = "main", **files: bytes) -> str:
    """Files by name, with `_` for `.` before the ending."""
    return hub.publish("dataset", NAME, {f"{name}.jsonl": b for name, b in files.items()}, revision=revision)


def prompts(source: Hub, split: Any = "train") -> set[str]:
    return {example.prompt[0].content for example in source.examples(split, 0)}


def test_hook_harness_sources_offers_it():
    assert list(harness_sources()) == [Hub]


def test_an_instance_is_hashable_and_plain_data():
    source = Hub(dataset=NAME, columns={"chosen": "better"}, revision="main")
    assert hash(source) == hash(Hub(dataset=NAME, columns={"chosen": "better"}, revision="main"))
    json.dumps(plain(source))


def test_splits_of_the_data_set_are_used_by_their_usual_names(hub: LoopbackHub):
    publish(hub, train=pairs(*range(40)), validation=pairs(50, 51), test=pairs(60, 61, 62))
    source = Hub(dataset=NAME)
    assert [len(prompts(source, split)) for split in ("train", "validation", "test")] == [40, 2, 3]
    assert prompts(source, "test") == {f"Question {i}?" for i in (60, 61, 62)}


def test_what_the_data_set_does_not_hold_out_is_held_out_of_its_training_split(hub: LoopbackHub):
    publish(hub, train=pairs(*range(200)))
    source = Hub(dataset=NAME, test=0.25, validation=0.25)
    parts = [prompts(source, split) for split in ("train", "validation", "test")]
    assert len(set.union(*parts)) == sum(map(len, parts)) == 200
    assert all(30 < len(part) < 130 for part in parts)


def test_a_test_split_may_be_left_unused(hub: LoopbackHub):
    publish(hub, train=pairs(*range(100)), test=pairs(*range(200, 230)))
    found = Hub(dataset=NAME, test_split="", test=0.3)
    assert not prompts(found, "test") & {f"Question {i}?" for i in range(200, 230)}
    assert found.examples("test", 0).ledger.read == 100


def test_a_prompt_that_is_also_held_out_is_dropped_from_training_and_counted(hub: LoopbackHub):
    publish(hub, train=pairs(*range(20), 5), validation=pairs(3, 4, 30), test=pairs(4, 5, 40))
    parts = {split: Hub(dataset=NAME).examples(split, 0) for split in ("train", "validation", "test")}  # pyright: ignore
    ledger = parts["train"].ledger
    assert ledger.dropped == {"prompt also in the test split": 4, "prompt also in the validation split": 1}
    assert {split: found.ledger.kept for split, found in parts.items()} == {"train": 17, "validation": 2, "test": 3}
    assert ledger.read == 27 == sum(ledger.dropped.values()) + sum(found.ledger.kept for found in parts.values())


def test_a_file_that_is_in_two_splits_is_held_out(hub: LoopbackHub):
    files = {"README.md": card({"train": "*.jsonl", "test": "b.jsonl"}), "a.jsonl": pairs(1, 2), "b.jsonl": pairs(3)}
    hub.publish("dataset", NAME, files)
    source = Hub(dataset=NAME, validation=0)
    assert (prompts(source), prompts(source, "test")) == ({"Question 1?", "Question 2?"}, {"Question 3?"})
    assert source.examples("train", 0).ledger.read == 3


def test_ids_of_held_out_examples_do_not_depend_on_the_training_split(hub: LoopbackHub):
    publish(hub, train=pairs(*range(20)), test=pairs(4, 5, 40))
    before = [example.id for example in Hub(dataset=NAME, revision="main").examples("test", 0)]
    publish(hub, "later", train=pairs(4, 4, *range(90)), test=pairs(4, 5, 40))
    assert [example.id for example in Hub(dataset=NAME, revision="later").examples("test", 0)] == before


def test_a_branch_and_its_commit_are_one_and_the_same(hub: LoopbackHub):
    commit = publish(hub, train=pairs(*range(40)))
    newest, pinned = Hub(dataset=NAME), Hub(dataset=NAME, revision=commit)
    assert newest.fingerprint() == pinned.fingerprint()
    assert newest.path_free_options() == pinned.path_free_options() == {"dataset": NAME}
    assert newest.described() == pinned.described() == f"hub, {NAME}@{commit}"


def test_another_commit_has_another_fingerprint_only_if_its_data_are_others(hub: LoopbackHub):
    first = publish(hub, train=pairs(*range(40)))
    other = publish(hub, train=pairs(*range(41)))
    worded = hub.publish("dataset", NAME, {"train.jsonl": pairs(*range(40)), "README.md": b"# Preferences\n"})
    prints = [Hub(dataset=NAME, revision=commit).fingerprint() for commit in (first, other, worded)]
    assert prints[0] == prints[2] != prints[1]
    assert len(prompts(Hub(dataset=NAME, revision=first, test=0, validation=0))) == 40


def test_a_run_sees_one_commit_though_the_branch_moves(hub: LoopbackHub):
    publish(hub, train=pairs(*range(40)))
    before = Hub(dataset=NAME).described()
    publish(hub, train=pairs(*range(99)))
    assert Hub(dataset=NAME).described() == before


def test_a_config_is_chosen_by_its_name(hub: LoopbackHub):
    listed = "".join(
        f"- config_name: {name}\n  data_files:\n  - split: train\n    path: {name}/*\n" for name in ("easy", "hard")
    )
    files = {"README.md": f"---\nconfigs:\n{listed}---\n".encode()}
    files |= {"easy/a.jsonl": pairs(1, 2), "hard/a.jsonl": pairs(*range(7))}
    hub.publish("dataset", NAME, files)
    assert len(prompts(Hub(dataset=NAME, config="hard", test=0, validation=0))) == 7
    with pytest.raises(DataError, match="has no config 'hart'; did you mean 'hard'"):
        Hub(dataset=NAME, config="hart").examples("train", 0)
    with pytest.raises(DataError, match="Config name is missing") as caught:
        Hub(dataset=NAME).examples("train", 0)
    assert "data.config" in caught.value.fix


@pytest.mark.parametrize(
    ("options", "problem", "fix"),
    [
        ({}, "no data set is named", "data.preset"),
        ({"dataset": "someone/nothing"}, "the Hub has no data set 'someone/nothing'", "check the name"),
        ({"dataset": "no such id"}, "is no id on the Hub", "org/name"),
        ({"dataset": NAME, "revision": "v9"}, "has no revision 'v9'", "name a commit, a branch or a tag"),
        ({"dataset": NAME, "revision": "f" * 40}, f"has no revision '{'f' * 40}'", "name a commit"),
        ({"dataset": NAME, "test_split": "tests"}, "has no split 'tests'; did you mean 'test'", "data.test_split"),
        ({"dataset": NAME, "train_split": "test"}, "the split 'test' is used twice", "use it once"),
        ({"dataset": NAME, "data_dir": "en"}, "has no folder 'en'", "data.data_dir"),
        ({"dataset": NAME, "columns": {"chosen": "better"}}, "'better', which no row has", "map it"),
        ({"dataset": NAME, "subsets": ("a",)}, "no example is of the subset 'a'", "name subsets"),
        ({"dataset": NAME, "test": 1.5}, "not two shares", "numbers from 0 to 1"),
        (
            {"dataset": NAME, "validation": 0.0, "split": "validation"},
            "the validation split is empty",
            "data.validation",
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(hub: LoopbackHub, options: dict[str, Any], problem: str, fix: str):
    publish(hub, train=pairs(*range(20)), test=pairs(30))
    split: Any = options.pop("split", "train")
    with pytest.raises(DataError) as caught:
        Hub(**options).examples(split, 0)
    assert problem in str(caught.value)
    assert fix in caught.value.fix


def test_a_format_that_cannot_be_read_is_named(hub: LoopbackHub):
    hub.publish("dataset", NAME, {"train.txt": b"text"})
    with pytest.raises(DataError, match=r"train\.txt is of a format that cannot be read"):
        Hub(dataset=NAME).examples("train", 0)


@pytest.mark.parametrize(
    "files",
    [
        {"README.md": b"# Nothing\n"},
        {"README.md": b"---\nconfigs: *x\n---\n", "train.jsonl": b"{}"},
        {"README.md": b"---\ndataset_info: [1]\n---\n", "train.jsonl": b"{}"},
    ],
)
def test_a_repository_without_data_or_with_a_broken_card_is_named(hub: LoopbackHub, files: dict[str, bytes]):
    hub.publish("dataset", NAME, files)
    with pytest.raises(DataError, match="finds no data in 'someone/preferences'"):
        Hub(dataset=NAME).examples("train", 0)


@pytest.mark.parametrize("path", ["{elsewhere}", "file://{elsewhere}", ["train.jsonl", "{elsewhere}"]])
def test_a_card_cannot_name_files_of_this_machine(hub: LoopbackHub, tmp_path: Path, path: str | list[str]):
    (tmp_path / "private.jsonl").write_bytes(pairs(1))
    said = json.dumps(path).replace("{elsewhere}", str(tmp_path / "private.jsonl"))
    configs = f"---\nconfigs: [{{config_name: default, data_files: [{{split: train, path: {said}}}]}}]\n---\n"
    hub.publish("dataset", NAME, {"README.md": configs.encode(), "train.jsonl": pairs(*range(9))})
    with pytest.raises(DataError, match=r"not in its repository: .*private\.jsonl"):
        Hub(dataset=NAME).examples("train", 0)


@pytest.mark.parametrize("path", ["../outside.jsonl", "a/../../outside.jsonl", "{root}/outside.jsonl"])
def test_a_list_of_files_cannot_name_places_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, path: str):
    path = path.replace("{root}", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Repository, "paths", lambda self: (path, "train.jsonl"))
    with pytest.raises(DataError, match=r"not in its repository: .*outside\.jsonl"):
        layout(Repository("dataset", NAME, "0" * 40), None, None)
    assert not list(tmp_path.rglob("outside.jsonl"))


def test_scripts_of_a_repository_are_not_run(hub: LoopbackHub):
    files = {"train.jsonl": pairs(*range(20)), "preferences.py": b"raise SystemExit(3)\n"}
    hub.publish("dataset", NAME, files)
    assert prompts(Hub(dataset=NAME))


def test_a_gated_data_set_asks_to_log_in(hub: LoopbackHub):
    hub.publish("dataset", NAME, {"README.md": card({"train": "*"}), "train.jsonl": pairs(1)}, gated=True)
    with pytest.raises(DataError, match="data set 'someone/preferences' is gated") as caught:
        Hub(dataset=NAME).examples("train", 0)
    assert "hf auth login" in caught.value.fix
    assert f"{hub.url}/datasets/{NAME}" in caught.value.fix


def test_offline_without_a_cache_says_what_to_unset(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    point_here(monkeypatch, hub, tmp_path / "empty", offline=True)
    for source in (Hub(dataset=NAME), Hub(dataset=NAME, revision="a" * 40)):
        with pytest.raises(DataError, match=r"not in the cache.* HF_HUB_OFFLINE forbids") as caught:
            source.examples("train", 0)
        assert "unset HF_HUB_OFFLINE" in caught.value.fix
    assert hub.requests == []


def test_a_hub_that_does_not_answer_is_told_from_one_that_may_not_be_asked(
    hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    with serving() as gone:
        pass
    point_here(monkeypatch, gone, tmp_path / "empty")
    with pytest.raises(DataError, match="the Hub cannot be reached") as caught:
        Hub(dataset=NAME).examples("train", 0)
    assert "check the network" in caught.value.fix


def test_broken_rows_are_named_by_file_and_line(hub: LoopbackHub):
    publish(hub, train=pairs(*range(20)) + b"{\n", test=pairs(30))
    ledger = Hub(dataset=NAME).examples("train", 0).ledger
    assert ledger.dropped == {"not JSON": 1}
    assert ledger.named[0].startswith("train.jsonl:21: not JSON")


CODE = """
import json
from harness_plugins.sources.hub import Hub
source = Hub(preset="kto-mix-14k")
found = source.examples("train", 0)
print(json.dumps([len(found), found[0].id, source.fingerprint(), source.described()]))
"""


def test_the_hubs_own_environment_variables_are_honoured(tmp_path: Path):
    with serving() as hub:
        publish_presets(hub, prompts=20)

        def run(offline: bool) -> str:
            environment = hub.environment(tmp_path, offline=offline)
            done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            return done.stdout

        online = run(offline=False)
        asked = len(hub.requests)
        assert run(offline=True) == online
        assert asked == len(hub.requests) > 0
