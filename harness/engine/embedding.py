"""Texts as vectors: means of the last hidden states of an encoder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harness.engine.loading import device, load_tokenizer
from harness.engine.numerics import engine_numerics
from harness.errors import ModelError
from harness.hub import first_line

LONGEST = 512
"""Tokens: texts are cut on the right to this, or to what the model takes, where that is less."""
BUDGET = 16384
"""Tokens of one forward pass, padding included."""


@torch.no_grad()
def embed(folder: Path, texts: Sequence[str], tick: Callable[[int], None] | None = None) -> np.ndarray:
    """(texts, width) float32: the mean over a text's tokens, special ones included, of the last hidden states.

    Args:
        folder: of any transformers model with a body of one stack.
        texts: any number; shortest first inside, for little padding.
        tick: called with the number of texts done after each pass.

    Raises:
        ModelError: the folder holds no such model.
    """
    from transformers import AutoModel

    tokenizer = load_tokenizer(folder)
    try:
        model: Any = AutoModel.from_pretrained(str(folder), dtype=torch.float32).to(device()).eval()
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(f"no encoder can be read from {folder}: {first_line(error)}") from error
    stated = (getattr(model.config, "max_position_embeddings", None), tokenizer.model_max_length)
    longest = min(LONGEST, *(n for n in stated if n))
    ids = _tokens(tokenizer, texts, longest)
    order = sorted(range(len(ids)), key=lambda i: len(ids[i]), reverse=True)
    means = np.zeros((len(ids), model.config.hidden_size), dtype=np.float32)
    done = 0
    with engine_numerics():
        while done < len(order):
            part = order[done : done + max(1, BUDGET // len(ids[order[done]]))]
            means[part] = _means(model, [ids[i] for i in part])
            done += len(part)
            if tick:
                tick(len(part))
    return means


def _tokens(tokenizer: Any, texts: Sequence[str], longest: int) -> list[list[int]]:
    if not texts:
        return []
    empty = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.pad_token_id or 0
    return [ids or [empty] for ids in tokenizer(list(texts), truncation=True, max_length=longest)["input_ids"]]


def _means(model: Any, ids: Sequence[Sequence[int]]) -> np.ndarray:
    longest = max(map(len, ids))
    tokens = torch.zeros(len(ids), longest, dtype=torch.int64)
    seen = torch.zeros(len(ids), longest, dtype=torch.int64)
    for row, own in enumerate(ids):
        tokens[row, : len(own)] = torch.tensor(own)
        seen[row, : len(own)] = 1
    tokens, seen = tokens.to(model.device), seen.to(model.device)
    states = model(input_ids=tokens, attention_mask=seen).last_hidden_state
    mask = seen.unsqueeze(-1)
    return ((states * mask).sum(1) / mask.sum(1)).float().cpu().numpy()
