"""Encoded examples and their log-probs as the batch that a method sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from harness.batch import Batch, Facts, Logps, Measured, Samples
from harness.engine.encoding import Encoded
from harness.examples import Example


def facts(examples: Sequence[Example]) -> Facts:
    """What a method may know of the whole training set."""
    labels = [label.desirable for e in examples for label in e.labels]
    return Facts(
        prompts=len(examples),
        pairs=sum(len(e.pairs) for e in examples),
        desirable=sum(labels),
        undesirable=len(labels) - sum(labels),
    )


def collate(
    examples: Sequence[Encoded],
    policy: Logps,
    columns: Mapping[str, Sequence[np.ndarray]],
    about: Facts,
    measured: Measured | None = None,
) -> Batch:
    """A batch of these examples.

    Args:
        examples: in the order of `policy`.
        policy: log-probs of the responses that are kept of them, samples included.
        columns: per name, (K,) per example, of responses that are not kept too; samples have none.
        about: the whole training set.
        measured: of the whole step.
    """
    device, dtype = policy.total.device, policy.total.dtype
    policy, samples = _apart(examples, policy)
    sizes = [len(e.example.responses) for e in examples]
    policy = _in_place(examples, sizes, policy)
    starts = np.concatenate(([0], np.cumsum(sizes)[:-1])).astype(np.int64)
    pairs = [(int(s), p) for s, e in zip(starts, examples, strict=True) for p in e.example.pairs]
    labels = [(int(s), label) for s, e in zip(starts, examples, strict=True) for label in e.example.labels]
    share = [float("nan") if p.share is None else p.share for _, p in pairs]

    def index(values: list[int]) -> Tensor:
        return torch.tensor(values, dtype=torch.int64, device=device)

    return Batch(
        policy=policy,
        columns={
            name: torch.from_numpy(np.concatenate(list(values))).to(device, dtype) for name, values in columns.items()
        },
        prompt=index(np.repeat(np.arange(len(sizes)), sizes).tolist()),
        chosen=index([s + p.chosen for s, p in pairs]),
        rejected=index([s + p.rejected for s, p in pairs]),
        share=torch.tensor(share, dtype=dtype, device=device),
        labelled=index([s + label.response for s, label in labels]),
        desirable=torch.tensor([label.desirable for _, label in labels], dtype=torch.bool, device=device),
        sources=tuple(r.source for e in examples for r in e.example.responses),
        facts=about,
        samples=samples,
        measured=measured,
    )


def _in_place(examples: Sequence[Encoded], sizes: Sequence[int], policy: Logps) -> Logps:
    """The log-probs of what is kept among all responses; NaN where one is not, and so is its number of tokens."""
    if all(e.kept is None for e in examples):
        return policy
    starts = np.cumsum([0, *sizes])
    kept = [range(n) if e.kept is None else e.kept for e, n in zip(examples, sizes, strict=True)]
    places = [int(start) + k for start, own in zip(starts, kept, strict=False) for k in own]
    index = torch.tensor(places, dtype=torch.int64, device=policy.total.device)
    total, tokens = (values.new_full((sum(sizes),), float("nan")) for values in (policy.total, policy.tokens))
    return Logps(total.index_copy(0, index, policy.total), tokens.index_copy(0, index, policy.tokens))


def _apart(examples: Sequence[Encoded], policy: Logps) -> tuple[Logps, Samples | None]:
    """The log-probs of the examples' own responses, and their samples where there are any."""
    if not any(e.samples for e in examples):
        return policy, None
    device, dtype = policy.total.device, policy.total.dtype
    drawn = np.concatenate([np.arange(len(e.responses)) >= len(e.responses) - e.samples for e in examples])

    def taken(which: np.ndarray) -> Logps:
        index = torch.from_numpy(np.flatnonzero(which)).to(device)
        return Logps(policy.total.index_select(0, index), policy.tokens.index_select(0, index))

    known = [e.fresh for e in examples if e.fresh]
    samples = Samples(
        policy=taken(drawn),
        reference=torch.tensor([value for f in known for value in f.reference], dtype=dtype, device=device),
        prompt=torch.tensor([i for i, e in enumerate(examples) for _ in range(e.samples)], device=device),
        finished=torch.tensor([done for f in known for done in f.finished], device=device),
    )
    return taken(~drawn), samples


def units(batch: Batch, unit: str, prompts: int) -> int:
    """How many terms a method with this unit must give back for a batch."""
    return {"pair": len(batch.chosen), "label": len(batch.labelled), "prompt": prompts}[unit]
