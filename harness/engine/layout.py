"""How a set of examples lies in one flat row of tokens: each prompt once, its responses after it, no padding.

    tokens     p p p a a b b b | p p a b b | ...      (T,)  the last token of each response is predicted, not fed
    positions  0 1 2 3 4 3 4 5 | 0 1 2 2 3 | ...      restart at every prompt; every response goes on from its prompt

A prompt attends to itself, a response to its prompt and to itself, causally. Attention alone works on padded blocks:
the prompts among themselves, and each response against its prompt and itself. Everything else sees T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from harness.engine.encoding import Encoded


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

    def to(self, device: torch.device) -> Block:
        """This block on a device."""
        return Block(*(getattr(self, f.name).to(device) for f in fields(self)))

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
class Layout:
    """Index tensors of one packed pass: T tokens, N predicted tokens, R responses."""

    tokens: Tensor
    """(T,) int64."""
    positions: Tensor
    """(T,) int64."""
    blocks: tuple[Block, ...]
    """The prompts, then the responses (where any response has a token to feed)."""
    unpad: Tensor
    """(T,) int64: where each token stands among the queries of all blocks, laid end to end."""
    predictor: Tensor
    """(N,) int64 into (T,): the token whose hidden state predicts each target."""
    target: Tensor
    """(N,) int64 token ids."""
    cell: Tensor
    """(N,) int64 into (R * longest response): where each target's log-prob is added up from."""
    counts: Tensor
    """(R,) int64 response tokens."""
    ends: Tensor
    """(R,) int64 into (T,): the last token fed of each response; that of its prompt where none is."""

    def to(self, device: torch.device) -> Layout:
        """This layout on a device."""
        moved = {f.name: getattr(self, f.name) for f in fields(self)}
        blocks = tuple(block.to(device) for block in self.blocks)
        return Layout(**{k: v.to(device) for k, v in moved.items() if k != "blocks"}, blocks=blocks)


@dataclass(frozen=True)
class _Span:
    """Consecutive tokens of (T,), and the position of the first."""

    start: int
    length: int
    place: int


def layout(examples: Sequence[Encoded], *, whole: bool = False) -> Layout:
    """Lay examples out flat; responses are numbered in the order of the examples and within them.

    Args:
        examples: with at least one response each.
        whole: feed the last token of each response too, for a model that reads it.
    """
    tokens: list[int] = []
    prompts: list[_Span] = []
    fed: list[tuple[_Span, _Span]] = []
    predictor: list[np.ndarray] = []
    target: list[int] = []
    ends: list[int] = []
    for example in examples:
        spans: list[_Span] = []
        for prompt in example.prompts:
            spans.append(_Span(len(tokens), len(prompt), 0))
            tokens += prompt
        for response, which in zip(example.responses, example.prompt_of, strict=True):
            prompt = spans[which]
            given = response if whole else response[:-1]
            own = _Span(len(tokens), len(given), prompt.length)
            tokens += given
            if own.length:
                fed.append((own, prompt))
            last = prompt.start + prompt.length - 1
            predictor.append(np.concatenate(([last], np.arange(own.start, own.start + len(response) - 1))))
            ends.append(own.start + own.length - 1 if own.length else last)
            target += response
        prompts += spans
    return _assemble(tokens, prompts, fed, predictor, target, ends)


def _assemble(
    tokens: Sequence[int],
    prompts: Sequence[_Span],
    fed: Sequence[tuple[_Span, _Span]],
    predictor: Sequence[np.ndarray],
    target: Sequence[int],
    ends: Sequence[int],
) -> Layout:
    positions = np.zeros(len(tokens), dtype=np.int64)
    for span in (*prompts, *(own for own, _ in fed)):
        positions[span.start : span.start + span.length] = np.arange(span.place, span.place + span.length)
    blocks = [_block(prompts, [[p] for p in prompts], positions)]
    if fed:
        blocks.append(_block([own for own, _ in fed], [[prompt, own] for own, prompt in fed], positions))
    unpad = np.zeros(len(tokens), dtype=np.int64)
    before = 0
    for block in blocks:
        real = block.query_places.flatten().numpy() >= 0
        unpad[block.queries.flatten().numpy()[real]] = before + np.flatnonzero(real)
        before += real.size
    sizes = np.array([len(p) for p in predictor])
    cell = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    cell += np.repeat(np.arange(len(sizes)), sizes) * int(sizes.max())
    return Layout(
        tokens=torch.tensor(tokens, dtype=torch.int64),
        positions=torch.from_numpy(positions),
        blocks=tuple(blocks),
        unpad=torch.from_numpy(unpad),
        predictor=torch.from_numpy(np.concatenate(predictor).astype(np.int64)),
        target=torch.tensor(target, dtype=torch.int64),
        cell=torch.from_numpy(cell.astype(np.int64)),
        counts=torch.from_numpy(sizes.astype(np.int64)),
        ends=torch.tensor(ends, dtype=torch.int64),
    )


def _block(queries: Sequence[_Span], keys: Sequence[Sequence[_Span]], positions: np.ndarray) -> Block:
    """Rows of queries against rows of keys; each row of keys may be made of several spans, side by side."""
    columns = [_padded([row[i] for row in keys]) for i in range(len(keys[0]))]
    asked, there = _padded(queries)
    seen = np.concatenate([index for index, _ in columns], axis=1)
    real = np.concatenate([known for _, known in columns], axis=1)
    beyond = np.iinfo(np.int64).max // 2
    return Block(
        queries=torch.from_numpy(asked),
        keys=torch.from_numpy(seen),
        query_places=torch.from_numpy(np.where(there, positions[asked], -1)),
        key_places=torch.from_numpy(np.where(real, positions[seen], beyond)),
    )


def _padded(spans: Sequence[_Span]) -> tuple[np.ndarray, np.ndarray]:
    """(spans, longest) indices into (T,), 0 beyond a span's end, and where they are real."""
    starts, lengths = (np.array([getattr(s, name) for s in spans]) for name in ("start", "length"))
    steps = np.arange(int(lengths.max()))
    real = steps[None, :] < lengths[:, None]
    return np.where(real, starts[:, None] + steps[None, :], 0), real
