"""Models and tokenizers from their folders, and finished policies back to disk."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch

from harness.engine.encoding import Encoder
from harness.engine.language_model import LanguageModel
from harness.errors import ModelError
from harness.hub import first_line
from harness.model_files import model_under
from harness.training import Tokens


def device() -> torch.device:
    """Where models run: the first GPU, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


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
        return _adapter(folder, load(model_under(folder, base), tokens, dtype=dtype), whole=base is None)
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
    write_weights(policy.model, folder)
    if not hasattr(policy.model, "get_base_model"):
        policy.tokenizer.save_pretrained(str(folder))


def write_weights(model: Any, folder: Path) -> None:
    """What transformers' `save_pretrained` writes, without the import of DeepSpeed that accelerate makes to ask whether
    the model is one of its engines: that takes three seconds in every process, and prints to standard output.
    """
    from accelerate.utils import other

    asked = other.is_deepspeed_available
    other.is_deepspeed_available = lambda: "deepspeed" in sys.modules
    try:
        model.save_pretrained(str(folder))
    finally:
        other.is_deepspeed_available = asked
