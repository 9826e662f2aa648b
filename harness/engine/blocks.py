"""Padded blocks of a packed layout, for attention that works on rows: prompts, and responses against both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

BEYOND = np.iinfo(np.int64).max // 2
"""Position of a key that is none: no query sees so far."""


@dataclass(frozen=True)
class Block:
    """One batch of attention: B rows of at most Q queries and K keys."""

    queries: Tensor
    """(B, Q) int64 into (T,): the token at each place; 0 where there is none."""
    keys: Tensor
    """(B, K) int64 into (T,), likewise."""
    query_places: Tensor
    """(B, Q) int64 positions; -1 where there is no token."""
    key_places: Tensor
    """(B, K) int64 positions; beyond every query's where there is no token."""

    def mask(self, dtype: torch.dtype, window: int | None) -> Tensor:
        """(B, 1, Q, K) additive: 0 where the query may see the key, -inf elsewhere. Computed once per pass."""
        masks: dict[tuple[torch.dtype, int | None], Tensor] = self.__dict__.setdefault("_masks", {})
        if (dtype, window) not in masks:
            distance = self.query_places.unsqueeze(2) - self.key_places.unsqueeze(1)
            hidden = distance < 0 if window is None else (distance < 0) | (distance >= window)
            hidden[..., 0] &= self.query_places >= 0  # a place without a query sees one key, or it would be all NaN
            mask = torch.zeros(hidden.shape, dtype=dtype, device=hidden.device)
            masks[(dtype, window)] = mask.masked_fill_(hidden, float("-inf")).unsqueeze(1)
        return masks[(dtype, window)]


@dataclass(frozen=True)
class Blocks:
    """All blocks of a layout."""

    blocks: tuple[Block, ...]
    """The prompts, then the responses (where any response has a token to feed)."""
    unpad: Tensor
    """(T,) int64: where each token stands among the queries of all blocks, laid end to end."""


def blocks(groups: Tensor, responses: Tensor, positions: Tensor) -> Blocks:
    """The blocks of a layout, on the device of its positions.

    Args:
        groups: (P, 4) int64, as a layout has them.
        responses: (R, 2) int64, likewise.
        positions: (T,) int64.
    """
    of_prompt, own, place = groups.cpu().numpy(), responses.cpu().numpy(), positions.cpu().numpy()
    prompts = of_prompt[:, :2]
    owners = np.repeat(prompts, of_prompt[:, 3], axis=0)
    fed = own[:, 1] > 0
    found = [_block(prompts, [prompts], place)]
    if fed.any():
        found.append(_block(own[fed], [owners[fed], own[fed]], place))
    unpad = np.zeros(len(place), dtype=np.int64)
    before = 0
    for block in found:
        real = block.query_places.flatten().numpy() >= 0
        unpad[block.queries.flatten().numpy()[real]] = before + np.flatnonzero(real)
        before += real.size
    device = positions.device
    moved = (Block(*(getattr(b, name).to(device) for name in b.__dataclass_fields__)) for b in found)
    return Blocks(tuple(moved), torch.from_numpy(unpad).to(device))


def _block(queries: np.ndarray, keys: Sequence[np.ndarray], places: np.ndarray) -> Block:
    """Rows of queries against rows of keys, (B, 2) first token and length; keys may be several spans, side by side."""
    spans = [_padded(one) for one in keys]
    asked, there = _padded(queries)
    seen = np.concatenate([index for index, _ in spans], axis=1)
    real = np.concatenate([known for _, known in spans], axis=1)
    return Block(
        queries=torch.from_numpy(asked),
        keys=torch.from_numpy(seen),
        query_places=torch.from_numpy(np.where(there, places[asked], -1)),
        key_places=torch.from_numpy(np.where(real, places[seen], BEYOND)),
    )


def _padded(spans: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, longest) indices into (T,), 0 beyond a span's end, and where they are real."""
    steps = np.arange(int(spans[:, 1].max()))
    real = steps[None, :] < spans[:, 1:]
    return np.where(real, spans[:, :1] + steps[None, :], 0), real
