from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from loopback_hub import LoopbackHub, point_here, serving

from harness.engine import loading
from harness.errors import ModelError
from harness.hub import HubError, repository
from harness.model_files import fingerprint, model_under, resolve
from harness.suite import ModelRef
from harness.training import Tokens

NAME = "someone/tiny"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("model")
    loading.save(tiny.language_model(), folder)
    return {p.name: p.read_bytes() for p in folder.iterdir()}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    with serving() as served:
        point_here(monkeypatch, served, tmp_path)
        yield served


def on_hub(revision: str | None = None, name: str = NAME) -> ModelRef:
    return ModelRef(name, revision, None)


def test_a_model_is_found_at_its_commit_and_can_be_loaded(hub: LoopbackHub, model: dict[str, bytes]):
    commit = hub.publish("model", NAME, model)
    folder = resolve(on_hub())
    assert folder.name == commit
    assert loading.load(folder, Tokens(min_prompt=4)).encoder is not None


def test_a_branch_a_tag_and_a_commit_are_told_apart(hub: LoopbackHub, model: dict[str, bytes]):
    first = hub.publish("model", NAME, model, revision="v1")
    second = hub.publish("model", NAME, {**model, "config.json": model["config.json"] + b"\n"})
    folders = [resolve(on_hub(revision)) for revision in ("v1", None, first, second)]
    assert [folder.name for folder in folders] == [first, second, first, second]
    assert fingerprint(folders[0]) != fingerprint(folders[1])


def test_only_what_a_model_is_read_from_is_fetched(hub: LoopbackHub, model: dict[str, bytes]):
    more = ("pytorch_model.bin", "training_args.bin", "onnx/model.onnx", "onnx/config.json", "consolidated.safetensors")
    hub.publish("model", NAME, {**model, **dict.fromkeys(more, b"?"), "README.md": b"# Tiny\n"})
    folder = resolve(on_hub())
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == {*model, "README.md"}


def test_weights_of_the_old_format_are_fetched_where_there_are_no_others(hub: LoopbackHub, model: dict[str, bytes]):
    old = {name: content for name, content in model.items() if not name.endswith(".safetensors")}
    hub.publish("model", NAME, {**old, "pytorch_model.bin": b"?", "training_args.bin": b"?"})
    found = {p.name for p in resolve(on_hub()).iterdir()}
    assert found == {*old, "pytorch_model.bin"}


def test_a_repository_without_a_model_is_a_clear_error(hub: LoopbackHub):
    hub.publish("model", NAME, {"README.md": b"# Tiny\n", "tiny.gguf": b"?"})
    with pytest.raises(ModelError, match="'someone/tiny' has no files that transformers reads"):
        resolve(on_hub())


def test_an_adapters_base_is_taken_at_the_revision_that_the_adapter_names(
    hub: LoopbackHub, model: dict[str, bytes], tmp_path: Path
):
    first = hub.publish("model", NAME, model)
    newest = hub.publish("model", NAME, {**model, "config.json": model["config.json"] + b"\n"})
    for revision, commit in ((first, first), (None, newest)):
        named = {"base_model_name_or_path": NAME, "revision": revision}
        (tmp_path / "adapter_config.json").write_text(json.dumps(named))
        assert model_under(tmp_path).name == commit


def test_offline_a_branch_is_the_commit_that_it_was(
    hub: LoopbackHub, model: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    commit = hub.publish("model", NAME, model)
    resolve(on_hub())
    hub.requests.clear()
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)  # a cache that nothing is remembered of
    point_here(monkeypatch, hub, tmp_path / "link", offline=True)
    assert resolve(on_hub()).name == commit
    assert resolve(on_hub(commit)).name == commit
    assert hub.requests == []


def test_a_model_in_the_cache_is_found_though_the_hub_does_not_answer(
    hub: LoopbackHub, model: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    commit = hub.publish("model", NAME, model)
    resolve(on_hub())
    with serving() as gone:
        pass
    point_here(monkeypatch, gone, tmp_path)
    assert resolve(on_hub()).name == commit


def test_what_is_wrong_is_told_apart(
    hub: LoopbackHub, model: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    hub.publish("model", NAME, model)
    hub.publish("model", "someone/gated", model, gated=True)

    def problem(reference: ModelRef) -> str:
        with pytest.raises(ModelError) as caught:
            resolve(reference)
        assert caught.value.fix.endswith(", or give a local folder")
        return str(caught.value)

    assert "the Hub has no model 'someone/none', or it is private" in problem(on_hub(name="someone/none"))
    assert "has no revision 'v9'" in problem(on_hub("v9"))
    gated = problem(on_hub(name="someone/gated"))
    assert "is gated" in gated
    assert f"accept its terms at {hub.url}/someone/gated, then log in with `hf auth login`" in gated
    assert "is no id on the Hub" in problem(on_hub(name="not an id"))
    with serving() as gone:
        pass
    point_here(monkeypatch, gone, tmp_path / "empty")
    assert "the Hub cannot be reached" in problem(on_hub())
    point_here(monkeypatch, gone, tmp_path / "empty", offline=True)
    assert "HF_HUB_OFFLINE forbids" in problem(on_hub())


def test_a_file_that_went_missing_from_the_cache_is_an_error_offline(
    hub: LoopbackHub, model: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    hub.publish("model", NAME, model)
    (resolve(on_hub()) / "model.safetensors").unlink()
    point_here(monkeypatch, hub, tmp_path, offline=True)
    with pytest.raises(ModelError, match="not in the cache, or not all of it"):
        resolve(on_hub())


def test_an_answer_that_is_no_success_is_passed_on(hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch):
    from loopback_hub import Refused

    def refuse(kind: str, name: str) -> None:
        raise Refused(403, "", "Token lacks the scope")

    monkeypatch.setattr(hub, "find", refuse)
    with pytest.raises(HubError, match="does not let this account read"):
        repository("model", NAME, None)
