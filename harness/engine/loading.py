"""Models and tokenizers from disk or the Hub, and finished policies back to disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import torch

from harness.digest import digest, file_digest
from harness.engine.encoding import Encoder
from harness.engine.language_model import LanguageModel
from harness.errors import ModelError
from harness.hub import HubError, first_line, repository
from harness.suite import ModelRef
from harness.training import Tokens


def device() -> torch.device:
    """Where models run: the first GPU, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fingerprint(folder: Path) -> str:
    """Names the content of a model folder: weights, configuration and tokenizer, not the path."""
    if not (folder / "config.json").is_file() and not (folder / "adapter_config.json").is_file():
        raise ModelError(f"{folder} holds no model: config.json is missing", fix="name a transformers model folder")
    kinds = {".json", ".jinja", ".txt", ".safetensors", ".bin", ".model"}
    found = {p.name: file_digest(p) for p in sorted(folder.iterdir()) if p.is_file() and p.suffix in kinds}
    if "adapter_config.json" in found:
        found["the model under the adapter"] = fingerprint(_base_of(folder, None))
    return digest(found)


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


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of a model folder."""
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(str(folder))
    except Exception as error:
        raise ModelError(f"no tokenizer can be read from {folder}: {first_line(error)}") from error


def load(folder: Path, tokens: Tokens, *, dtype: str = "fp32", base: Path | None = None) -> LanguageModel:
    """A policy, or an adapter on its base, from a folder; float32 weights, in evaluation mode.

    Args:
        folder: of a transformers model, or of a peft adapter.
        tokens: how text becomes tokens.
        dtype: of the forward pass.
        base: the model under an adapter; what the adapter itself names, by default.

    Raises:
        ModelError: the folder holds no causal language model that can be read.
    """
    from transformers import AutoModelForCausalLM

    if (folder / "adapter_config.json").is_file():
        return _adapter(folder, load(_base_of(folder, base), tokens, dtype=dtype), whole=base is None)
    try:
        model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32)
    except Exception as error:
        raise ModelError(f"no causal language model can be read from {folder}: {first_line(error)}") from error
    return wrap(model, load_tokenizer(folder), tokens, dtype=dtype)


def _adapter(folder: Path, under: LanguageModel, *, whole: bool) -> LanguageModel:
    """An adapter on the model under it; as one whole model, like any other, where it is somebody else's."""
    from peft import PeftModel

    model = PeftModel.from_pretrained(under.model, str(folder))
    policy = wrap(model, under.tokenizer, under.encoder.tokens, dtype=under.dtype)
    return merged(policy) if whole else policy


def _base_of(adapter: Path, base: Path | None) -> Path:
    if base is not None:
        return base
    named = json.loads((adapter / "adapter_config.json").read_text())
    base_name, revision = named["base_model_name_or_path"], named.get("revision")
    folder = Path(base_name) if Path(base_name).is_dir() else None
    return resolve(ModelRef(base_name, None if folder else revision, folder))


def wrap(model: Any, tokenizer: Any, tokens: Tokens, *, dtype: str = "fp32") -> LanguageModel:
    """A model and a tokenizer as the engine uses them: on the device, checked for the packed pass."""
    context = getattr(model.config, "max_position_embeddings", None)
    encoder = Encoder(tokenizer, tokens, context, model.get_input_embeddings().num_embeddings)
    language_model = LanguageModel(model.to(device()).eval(), tokenizer, encoder, dtype)
    language_model.check_packed()
    return language_model


def merged(policy: LanguageModel) -> LanguageModel:
    """The policy with its adapters, if it has any, folded into its weights, all of which can then be trained."""
    if hasattr(policy.model, "merge_and_unload"):
        policy.model = policy.model.merge_and_unload().requires_grad_(True)
    return policy


def save(policy: LanguageModel, folder: Path) -> None:
    """Write a policy as a plain transformers folder, or, where it has adapters, as those alone."""
    policy.model.save_pretrained(str(folder))
    if not hasattr(policy.model, "get_base_model"):
        policy.tokenizer.save_pretrained(str(folder))
