"""Which folder a model is in, and what its content is called. Loads no model, and no torch."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path

from harness.digest import digest, file_digest
from harness.errors import ModelError
from harness.hub import HubError, repository
from harness.suite import ModelRef


def fingerprint(folder: Path) -> str:
    """Names the content of a model folder: weights, configuration and tokenizer, not the path."""
    if not (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file():
        raise ModelError(f"{folder} holds no model: config.json is missing", fix="name a transformers model folder")
    kinds = {".json", ".jinja", ".txt", ".safetensors", ".bin", ".model"}
    found = {p.name: file_digest(p) for p in sorted(folder.iterdir()) if p.is_file() and p.suffix in kinds}
    if "adapter_config.json" in found:
        found["the model under the adapter"] = fingerprint(model_under(folder))
    return digest(found)


def weights_digest(folder: Path) -> str:
    """Names the weights of a model folder alone: equal for two trainings that came to the same, to the last bit."""
    return digest({p.name: file_digest(p) for p in sorted(folder.glob("*.safetensors"))})


def resolve(model: ModelRef) -> Path:
    """The local folder of a model. For a model on the Hub it is named by the commit, in the cache of the Hub's client.

    Raises:
        ModelError: the model is not there, not on the Hub, gated, or the Hub may not or cannot be asked.
    """
    if model.folder is not None:
        return model.folder
    try:
        found = repository("model", model.name, model.revision)
        paths = _of_model(found.paths())
        if not paths:
            raise ModelError(f"the model {model.at!r} has no files that transformers reads", fix="name another")
        return found.fetch(paths)
    except HubError as error:
        raise ModelError(error.problem, fix=f"{error.fix}, or give a local folder") from error


def _of_model(paths: Iterable[str]) -> list[str]:
    """Of a repository's files, those that a model and its tokenizer are read from: no other formats, no folders."""
    top = [path for path in paths if "/" not in path]
    weights = [p for p in top if fnmatch(p, "*model*.safetensors")] or [p for p in top if fnmatch(p, "*model*.bin")]
    return weights + [p for p in top if Path(p).suffix in {".json", ".jinja", ".txt", ".model"}]


def model_under(adapter: Path, base: Path | None = None) -> Path:
    """The folder of the model under an adapter: `base`, or what the adapter itself names."""
    if base is not None:
        return base
    named = json.loads((adapter / "adapter_config.json").read_text())
    base_name, revision = named["base_model_name_or_path"], named.get("revision")
    folder = Path(base_name) if Path(base_name).is_dir() else None
    return resolve(ModelRef(base_name, None if folder else revision, folder))
