"""Reward models made from language models, read from folders, and written to them."""

from __future__ import annotations

import copy
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers.utils import logging as transformers_logging

from harness.engine.conversation import ConversationEncoder
from harness.engine.encoding import Encoder
from harness.engine.loading import device, load, load_tokenizer, write_weights
from harness.engine.rater import RatingModel
from harness.engine.text_pairs import TextPairRater
from harness.errors import ModelError
from harness.hub import first_line
from harness.training import Tokens

MARK = "alignment_harness"
"""Key in config.json of a classifier that was trained on prompt, response and end-of-sequence token side by side."""
LAYOUT = {"tokens": "prompt, response, end of sequence"}


def create_rater(folder: Path, tokens: Tokens, *, dtype: str = "fp32", seed: int) -> RatingModel:
    """A reward model to be trained: the body of a causal language model, and a new scalar head.

    The head's weights are normal with variance 1 / (width + 1), as in arXiv:2009.01325, appendix B.1.

    Args:
        folder: of a causal language model, or of an adapter on one.
        tokens: how text becomes tokens.
        dtype: of the forward pass.
        seed: of the head.

    Raises:
        ModelError: there is no causal language model, or transformers has no classifier of its kind.
    """
    from transformers import AutoModelForSequenceClassification

    language_model = load(folder, tokens, dtype=dtype)
    causal = language_model.causal
    config = copy.deepcopy(causal.config)
    config.num_labels = 1
    with torch.device("meta"), torch.random.fork_rng():
        try:
            model: Any = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
        except ValueError as error:
            kind = type(causal).__name__
            raise ModelError(f"transformers has no sequence classifier for {kind} of {folder}") from error
    setattr(model, model.base_model_prefix, causal.base_model)
    model.config.architectures = [type(model).__name__]
    width = _head(model).weight.shape[-1]
    generator = torch.Generator().manual_seed(seed)
    head = torch.nn.Linear(width, 1, bias=False)
    with torch.no_grad():
        head.weight.normal_(std=(width + 1) ** -0.5, generator=generator)
    model.score = head
    setattr(model.config, MARK, LAYOUT)
    tokenizer = language_model.tokenizer
    known = model.get_input_embeddings().num_embeddings
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id >= known:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.get_text_config().pad_token_id = tokenizer.pad_token_id
    return _wrap(model, tokenizer, Encoder(tokenizer, tokens, _context(model), known), dtype)


def _head(model: Any) -> Any:
    head = getattr(model, "score", None)
    if not isinstance(head, torch.nn.Linear):
        raise ModelError(f"{type(model).__name__} has no linear output layer named score")
    return head


def _context(model: Any) -> int | None:
    return getattr(model.config, "max_position_embeddings", None)


def _wrap(model: Any, tokenizer: Any, encoder: Encoder, dtype: str) -> RatingModel:
    rater = RatingModel(model.to(device()).eval(), tokenizer, encoder, dtype)
    rater.check_packed()
    return rater


def load_rater(folder: Path, tokens: Tokens, *, dtype: str = "fp32") -> RatingModel | TextPairRater:
    """A sequence classifier with one output, with its own tokenizer.

    One that `save_rater` wrote is given what it was trained on. Any other decoder is given the whole conversation in
    its own chat template, or, without one, the plain prompt and the response. An encoder is given the pair of texts.

    Args:
        folder: of a transformers sequence classifier.
        tokens: how long inputs may be; `template` is the concern of models that `save_rater` wrote.
        dtype: of the forward pass.

    Raises:
        ModelError: there is no sequence classifier, or it has not one output.
    """
    model = _read(folder)
    tokenizer = load_tokenizer(folder)
    embeddings = model.get_input_embeddings().num_embeddings
    if getattr(model.config, MARK, None):
        return _wrap(model, tokenizer, Encoder(tokenizer, tokens, _context(model), embeddings), dtype)
    own = tokens.model_copy(update={"template": "auto"})
    if not _is_causal(model):
        return TextPairRater(model.to(device()).eval(), tokenizer, own, dtype)
    return _wrap(model, tokenizer, ConversationEncoder(tokenizer, own, _context(model), embeddings), dtype)


def _read(folder: Path) -> Any:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    try:
        config = AutoConfig.from_pretrained(str(folder))
        names: list[str] = config.architectures or []
        if any(not name.endswith("ForSequenceClassification") for name in names):
            raise ModelError(
                f"{folder} holds no sequence classifier, but {', '.join(names)}",
                fix="name a reward model; the column reward_model trains one",
            )
        if config.num_labels != 1:
            raise ModelError(
                f"the classifier in {folder} has {config.num_labels} outputs, where a reward model has one",
                fix="name a sequence classifier with num_labels = 1",
            )
        with _quiet():
            model, about = AutoModelForSequenceClassification.from_pretrained(
                str(folder), dtype=torch.float32, output_loading_info=True
            )
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"no sequence classifier can be read from {folder}: {first_line(error)}") from error
    if about["missing_keys"]:
        missing = ", ".join(sorted(about["missing_keys"])[:3])
        raise ModelError(f"the classifier in {folder} lacks weights: {missing}", fix="name a model that was trained")
    return model


@contextmanager
def _quiet() -> Generator[None]:
    """Without the table of missing weights that transformers prints; here they are an error."""
    before = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(before)


@torch.no_grad()
def _is_causal(model: Any) -> bool:
    """Whether the states of earlier tokens do not depend on later ones."""
    tokens = torch.tensor([[1, 2, 3, 1], [1, 2, 4, 2]])
    try:
        states = model.eval().base_model(input_ids=tokens).last_hidden_state[:, :2]
    except Exception:  # an encoder and a decoder in one: it asks for more than tokens
        return False
    return torch.allclose(states[0], states[1], rtol=1e-4, atol=1e-5)


def save_rater(model: RatingModel, folder: Path) -> None:
    """Write a reward model as a plain transformers folder with its tokenizer; adapters are merged first."""
    if model.model is not model.bare:
        model.model = model.model.merge_and_unload()
    write_weights(model.model, folder)
    model.tokenizer.save_pretrained(str(folder))
