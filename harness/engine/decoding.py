"""The next token's logits of many sequences side by side: how they are computed, and how that was chosen."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache

from harness.engine.key_values import KeyValues, Now, cached

PREFILL_TOKENS = 8192
"""Tokens of one pass over prompts, padding included, where keys and values are kept in buffers."""

FEW_ROWS = 8
"""Up to so many sequences, a product with the weights is a matter of reading them, and torch's own product, which
starts sooner than oneDNN's, is the faster one."""


class Decoding(ABC):
    """Sequences side by side. `prompts` once, then `follow` token by token; rows that ended leave by `keep`."""

    @abstractmethod
    def prompts(self, prompts: Sequence[tuple[int, ...]], each: int) -> Tensor:
        """(prompts * each, vocabulary) logits after each prompt, `each` rows for it. Longest prompts first."""

    @abstractmethod
    def keep(self, order: Tensor) -> None:
        """Row i is from now on what row order[i] was; no row moves up."""

    @abstractmethod
    def follow(self, tokens: Tensor) -> Tensor:
        """(rows, vocabulary) logits after one more token a row."""


def left_padded(prompts: Sequence[tuple[int, ...]], device: torch.device) -> tuple[Tensor, Tensor]:
    """(n, longest) int64 token ids that end together, and int64 1 where there is one. Padding is token 0."""
    longest = max(map(len, prompts))
    tokens = torch.zeros(len(prompts), longest, dtype=torch.int64)
    seen = torch.zeros(len(prompts), longest, dtype=torch.int64)
    for row, prompt in enumerate(prompts):
        tokens[row, longest - len(prompt) :] = torch.tensor(prompt)
        seen[row, longest - len(prompt) :] = 1
    return tokens.to(device), seen.to(device)


class PlainDecoding(Decoding):
    """By transformers' own cache and masks: what any model of the kind can do."""

    def __init__(self, causal: Any) -> None:
        self._causal = causal
        self._cache = DynamicCache(config=causal.config)

    def prompts(self, prompts: Sequence[tuple[int, ...]], each: int) -> Tensor:
        """See `Decoding`."""
        tokens, seen = left_padded(prompts, self._causal.device)
        positions = (seen.cumsum(-1) - 1).clamp(min=0)
        logits = self._logits(tokens, seen, positions)
        if each > 1:
            self._cache.batch_repeat_interleave(each)
        self._seen, self._place = seen.repeat_interleave(each, 0), positions[:, -1:].repeat_interleave(each, 0)
        return logits.repeat_interleave(each, 0)

    def keep(self, order: Tensor) -> None:
        """See `Decoding`."""
        self._cache.batch_select_indices(order)
        self._seen, self._place = self._seen[order], self._place[order]

    def follow(self, tokens: Tensor) -> Tensor:
        """See `Decoding`."""
        self._place = self._place + 1
        self._seen = torch.cat([self._seen, self._seen.new_ones(len(tokens), 1)], 1)
        return self._logits(tokens.unsqueeze(1), self._seen, self._place)

    def _logits(self, tokens: Tensor, seen: Tensor, positions: Tensor) -> Tensor:
        return self._causal(
            input_ids=tokens,
            attention_mask=seen,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]


class BufferedDecoding(Decoding):
    """By transformers' modules over keys and values in buffers: no mask, no copy of what is kept.

    Args:
        causal: the model.
        longest: tokens of the longest prompt and of all that may follow it.
    """

    def __init__(self, causal: Any, longest: int) -> None:
        self._body: Any = causal.base_model
        self._head: Any = causal.get_output_embeddings()
        self._device: torch.device = causal.device
        self._longest = longest

    def prompts(self, prompts: Sequence[tuple[int, ...]], each: int) -> Tensor:
        """See `Decoding`. Passes of similar lengths, so that little padding is computed."""
        lengths = torch.tensor([len(p) for p in prompts for _ in range(each)], device=self._device)
        self._end = len(prompts[0])
        self._places = lengths.unsqueeze(1) - 1
        slots = torch.arange(self._longest, device=self._device)
        pad = torch.zeros(len(lengths), self._longest, device=self._device)
        pad.masked_fill_(slots < (self._end - lengths).unsqueeze(1), float("-inf"))
        padded = len(prompts[-1]) < self._end
        self.kept = KeyValues(len(lengths), self._longest, pad, padded)
        states: list[Tensor] = []
        for first, part in _passes(prompts):
            tokens, seen = left_padded(part, self._device)
            start = self._end - tokens.shape[1]
            self.kept.now = Now(start, self._end, first * each, True, each, _sees(seen, part))
            states.append(self._states(tokens, (seen.cumsum(-1) - 1).clamp(min=0))[:, -1])
        return self._head(torch.cat(states)).repeat_interleave(each, 0)

    def keep(self, order: Tensor) -> None:
        """See `Decoding`."""
        self.kept.keep(order)
        self._places = self._places[order]

    def follow(self, tokens: Tensor) -> Tensor:
        """See `Decoding`."""
        self._places = self._places + 1
        self.kept.now = Now(self._end, self._end + 1)
        self._end += 1
        with _few(len(tokens)):
            return self._head(self._newest(tokens, self._places))

    def _newest(self, tokens: Tensor, places: Tensor) -> Tensor:
        """(rows, width) last hidden states of one token a row."""
        return self._states(tokens.unsqueeze(1), places)[:, -1]

    def _states(self, tokens: Tensor, positions: Tensor) -> Tensor:
        with cached(self._body.config):
            return self._body(
                input_ids=tokens, position_ids=positions, use_cache=False, key_values=self.kept
            ).last_hidden_state


def _passes(prompts: Sequence[tuple[int, ...]]) -> Generator[tuple[int, Sequence[tuple[int, ...]]]]:
    """(place of the first, prompts) of each pass; a length that is half of the longest starts the next."""
    first = 0
    while first < len(prompts):
        longest, end = len(prompts[first]), first + 1
        most = max(1, PREFILL_TOKENS // longest)
        while end < len(prompts) and end - first < most and 4 * len(prompts[end]) >= 3 * longest:
            end += 1
        yield first, prompts[first:end]
        first = end


def _sees(seen: Tensor, prompts: Sequence[tuple[int, ...]]) -> Tensor | None:
    """(n, q, q) bool: which token sees which; padding sees itself alone. None where there is no padding."""
    longest = seen.shape[1]
    if len(prompts[-1]) == longest:
        return None
    before = torch.ones(longest, longest, dtype=torch.bool, device=seen.device).tril()
    return (before & seen.bool().unsqueeze(1)) | torch.eye(longest, dtype=torch.bool, device=seen.device)


@contextmanager
def _few(rows: int) -> Generator[None]:
    """Torch's own products where there are few rows; inside `engine_numerics`, which puts the setting back."""
    before = torch.get_float32_matmul_precision()
    if rows > FEW_ROWS or before == "highest":
        yield
        return
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
