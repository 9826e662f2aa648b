"""How a set of examples lies in one flat row of tokens: each prompt once, its responses after it, no padding.

    tokens     p p p a a b b b | p p a b b | ...      (T,)  the last token of each response is predicted, not fed
    positions  0 1 2 3 4 3 4 5 | 0 1 2 2 3 | ...      restart at every prompt; every response goes on from its prompt

A prompt attends to itself, a response to its prompt and to itself, causally. Everything but attention sees T tokens.
T and N are rounded up a little, with tokens that nobody reads: libraries of matrix products prepare themselves for
every new size, which costs more than a few tokens do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import chain

import numpy as np
import torch
from torch import Tensor

from harness.engine.blocks import Blocks, blocks
from harness.engine.encoding import Encoded

FILLER = 16
"""Tokens of a prompt that nobody reads, at most: models have learnt positions for that many."""


@dataclass(frozen=True)
class Layout:
    """Index tensors of one packed pass: T tokens, N predicted tokens, P prompts, R responses."""

    tokens: Tensor
    """(T,) int64."""
    positions: Tensor
    """(T,) int64."""
    predictor: Tensor
    """(N,) int64 into (T,): the token whose hidden state predicts each target; 0 beyond the last."""
    target: Tensor
    """(N,) int64 token ids; 0 beyond the last."""
    cell: Tensor
    """(n,) int64, one per real target, into (R * longest response): where each target's log-prob is added up from."""
    counts: Tensor
    """(R,) int64 response tokens."""
    ends: Tensor
    """(R,) int64 into (T,): the last token fed of each response; that of its prompt where none is."""
    groups: Tensor
    """(P, 4) int64: a prompt's first token and length, its first row in `responses` and how many there are."""
    responses: Tensor
    """(R, 2) int64: first token and length of what is fed of each response, prompt by prompt."""

    def to(self, device: torch.device) -> Layout:
        """This layout on a device."""
        return Layout(**{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    @cached_property
    def blocks(self) -> Blocks:
        """The padded blocks of attention that needs them, made at the first call."""
        return blocks(self.groups, self.responses, self.positions)


def rounded(count: int) -> int:
    """A size at most a sixteenth larger, of which there are sixteen from each power of two to the next."""
    step = max(1, 1 << max(0, count.bit_length() - 5))
    return -(-count // step) * step


def layout(examples: Sequence[Encoded], *, whole: bool = False) -> Layout:
    """Lay examples out flat; responses are numbered in the order of the examples and within them.

    Args:
        examples: with at least one response each.
        whole: feed the last token of each response too, for a model that reads it.
    """
    pieces: list[Sequence[int]] = []
    prompts: list[int] = []
    answers: list[int] = []
    owners: list[int] = []
    targets: list[Sequence[int]] = []
    for example in examples:
        first = len(pieces)
        pieces += example.prompts
        prompts += range(first, len(pieces))
        owners += [first + which for which in example.prompt_of]
        answers += range(len(pieces), len(pieces) + len(example.responses))
        pieces += example.responses if whole else [r[:-1] for r in example.responses]
        targets += example.responses
    fed = sum(map(len, pieces))
    filler = rounded(fed) - fed
    for length in (FILLER,) * (filler // FILLER) + ((filler % FILLER,) if filler % FILLER else ()):
        prompts.append(len(pieces))
        pieces.append((0,) * length)
    lengths, counts = (np.fromiter(map(len, of), np.int64, len(of)) for of in (pieces, targets))
    starts = np.cumsum(lengths) - lengths
    own, owner, prompt = (np.array(which, dtype=np.int64) for which in (answers, owners, prompts))
    places = np.zeros(len(pieces), dtype=np.int64)
    places[own] = lengths[owner]
    positions = np.arange(lengths.sum()) - np.repeat(starts - places, lengths)
    last = starts[owner] + lengths[owner] - 1
    before = np.cumsum(counts) - counts
    predictor = np.arange(counts.sum()) + np.repeat(starts[own] - 1 - before, counts)
    predictor[before] = last
    cell = np.arange(counts.sum()) + np.repeat(np.arange(len(counts)) * int(counts.max()) - before, counts)
    by_prompt = np.argsort(owner, kind="stable")
    firsts = np.searchsorted(owner[by_prompt], prompt)
    many = np.searchsorted(owner[by_prompt], prompt, side="right") - firsts
    beyond = (0, rounded(len(predictor)) - len(predictor))
    targeted = np.fromiter(chain.from_iterable(targets), np.int64, int(counts.sum()))
    arrays = {
        "tokens": np.fromiter(chain.from_iterable(pieces), np.int64, int(lengths.sum())),
        "positions": positions,
        "predictor": np.pad(predictor, beyond),
        "target": np.pad(targeted, beyond),
        "cell": cell,
        "counts": counts,
        "ends": np.where(lengths[own] > 0, starts[own] + lengths[own] - 1, last),
        "groups": np.stack((starts[prompt], lengths[prompt], firsts, many), axis=1),
        "responses": np.stack((starts[own], lengths[own]), axis=1)[by_prompt],
    }
    return Layout(**{name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()})
