"""How a set of examples lies in one flat row of tokens: each prompt once, its responses after it, no padding.

    tokens     p p p a a b b b | p p a b b | ...      (T,)  the last token of each response is predicted, never fed
    positions  0 1 2 3 4 3 4 5 | 0 1 2 2 3 | ...      restart at every group and at every response
    a group    one prompt with its responses: a response attends to the prompt and to itself, causally

Attention alone works on groups padded to the longest of them, (groups, longest); everything else sees T tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from torch import Tensor

from harness.engine.encoding import Encoded


@dataclass(frozen=True)
class Layout:
    """Index tensors of one packed pass: T tokens, G groups of at most L tokens, N predicted tokens, R responses."""

    tokens: Tensor
    """(T,) int64."""
    positions: Tensor
    """(T,) int64."""
    pad: Tensor
    """(G * L,) int64: where each padded place comes from in (T,); 0 for places without a token."""
    unpad: Tensor
    """(T,) int64: where each token stands in (G * L,)."""
    branch: Tensor
    """(G, L) int64: 0 for prompt tokens, 1.. for a response's, -1 for places without a token."""
    place: Tensor
    """(G, L) int64: the position of each token, 0 for places without one."""
    predictor: Tensor
    """(N,) int64 into (T,): the token whose hidden state predicts each target."""
    target: Tensor
    """(N,) int64 token ids."""
    cell: Tensor
    """(N,) int64 into (R * longest response): where each target's log-prob is added up from."""
    counts: Tensor
    """(R,) int64 response tokens."""

    @property
    def groups(self) -> int:
        """Prompts in this pass."""
        return self.branch.shape[0]

    def to(self, device: torch.device) -> Layout:
        """This layout on a device."""
        return Layout(**{name: getattr(self, name).to(device) for name in self.__dataclass_fields__})

    def mask(self, dtype: torch.dtype, window: int | None) -> Tensor:
        """(G, 1, L, L) additive: 0 where the row may attend to the column, -inf elsewhere."""
        key = (dtype, window)
        masks: dict[tuple[torch.dtype, int | None], Tensor] = self.__dict__.setdefault("_masks", {})
        if key not in masks:
            masks[key] = self._build_mask(dtype, window)
        return masks[key]

    def _build_mask(self, dtype: torch.dtype, window: int | None) -> Tensor:
        rows, columns = self.branch.unsqueeze(2), self.branch.unsqueeze(1)
        length = self.branch.shape[1]
        order = torch.arange(length, device=self.branch.device)
        allowed = ((columns == 0) | (columns == rows)) & (order[:, None] >= order[None, :]) & (columns >= 0)
        if window is not None:
            allowed &= self.place.unsqueeze(2) - self.place.unsqueeze(1) < window
        allowed |= torch.eye(length, dtype=torch.bool, device=self.branch.device)  # a place without a token sees itself
        mask = torch.zeros(allowed.shape, dtype=dtype, device=allowed.device)
        return mask.masked_fill_(~allowed, float("-inf")).unsqueeze(1)


Group: TypeAlias = tuple[list[int], list[int], list[int]]
"""Fed tokens, their positions and their branches."""


def _group(prompt: tuple[int, ...], responses: Sequence[tuple[int, ...]]) -> Group:
    tokens, positions, branch = list(prompt), list(range(len(prompt))), [0] * len(prompt)
    for number, response in enumerate(responses, start=1):
        fed = response[:-1]
        tokens += fed
        positions += range(len(prompt), len(prompt) + len(fed))
        branch += [number] * len(fed)
    return tokens, positions, branch


def layout(examples: Sequence[Encoded]) -> Layout:
    """Lay examples out flat; responses are numbered in the order of the examples and within them."""
    groups: list[Group] = []
    predictor: list[np.ndarray] = []
    target: list[int] = []
    counts: list[int] = []
    start = 0
    for example in examples:
        first: dict[int, int] = {}
        for index, prompt in enumerate(example.prompts):
            of = [r for r, p in enumerate(example.prompt_of) if p == index]
            groups.append(_group(prompt, [example.responses[r] for r in of]))
            at = start + len(prompt)
            for r in of:
                first[r] = at
                at += len(example.responses[r]) - 1
            start = at
        for r, response in enumerate(example.responses):
            last_of_prompt = _prompt_end(example, r, start, groups)
            fed = np.arange(first[r], first[r] + len(response) - 1)
            predictor.append(np.concatenate(([last_of_prompt], fed)))
            target += response
            counts.append(len(response))
    return _assemble(groups, predictor, target, counts)


def _prompt_end(
    example: Encoded, response: int, end: int, groups: Sequence[tuple[list[int], list[int], list[int]]]
) -> int:
    """Flat index of the last token of the prompt that `response` answers; `end` is where its example ends."""
    own = groups[-len(example.prompts) :]
    which = example.prompt_of[response]
    return end - sum(len(g[0]) for g in own[which:]) + len(example.prompts[which]) - 1


def _assemble(
    groups: Sequence[Group],
    predictor: Sequence[np.ndarray],
    target: Sequence[int],
    counts: Sequence[int],
) -> Layout:
    lengths = np.array([len(g[0]) for g in groups])
    longest = int(lengths.max())
    starts = np.concatenate(([0], np.cumsum(lengths)[:-1]))
    row = np.repeat(np.arange(len(groups)), lengths)
    within = np.arange(lengths.sum()) - np.repeat(starts, lengths)
    unpad = row * longest + within
    pad = np.zeros(len(groups) * longest, dtype=np.int64)
    pad[unpad] = np.arange(len(unpad))
    branch = np.full(len(groups) * longest, -1, dtype=np.int64)
    place = np.zeros(len(groups) * longest, dtype=np.int64)
    positions = np.concatenate([g[1] for g in groups])
    branch[unpad] = np.concatenate([g[2] for g in groups])
    place[unpad] = positions
    sizes = np.array(counts)
    cell = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    cell += np.repeat(np.arange(len(sizes)), sizes) * int(sizes.max())
    return Layout(
        tokens=torch.from_numpy(np.concatenate([g[0] for g in groups]).astype(np.int64)),
        positions=torch.from_numpy(positions.astype(np.int64)),
        pad=torch.from_numpy(pad),
        unpad=torch.from_numpy(unpad.astype(np.int64)),
        branch=torch.from_numpy(branch.reshape(len(groups), longest)),
        place=torch.from_numpy(place.reshape(len(groups), longest)),
        predictor=torch.from_numpy(np.concatenate(predictor).astype(np.int64)),
        target=torch.tensor(target, dtype=torch.int64),
        cell=torch.from_numpy(cell.astype(np.int64)),
        counts=torch.from_numpy(sizes.astype(np.int64)),
    )
