"""How many tokens a training pass takes at a time: measured for a model's shape, once per machine, and kept.

More tokens than the processor's caches hold make a pass slower, too few leave it waiting for Python, and memory ends
somewhere: a short probe tries sizes from small to large on the model itself and keeps the smallest that is as fast as
any. Gradients are the same for every size but for rounding.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from typing import TYPE_CHECKING

import torch
from pydantic import BaseModel, PositiveInt
from torch import Tensor

from harness.engine.encoding import Encoded, probe
from harness.engine.machine import machine_key
from harness.engine.machine_cache import kept
from harness.engine.memory import attempted
from harness.engine.numerics import engine_numerics

if TYPE_CHECKING:
    from harness.engine.packed_model import PackedModel

log = logging.getLogger(__name__)

VERSION = 1
"""Raised where budgets found before are no longer to be read."""
SMALLEST = 1024
LARGEST = {"cpu": 1 << 13, "cuda": 1 << 17}
"""Tokens of the sizes tried, each twice the one before."""
SECONDS = 4.0
"""No further size is begun after so long."""
WORTH = 0.95
"""A larger size must take at most this share of the time a token that the best smaller one takes."""
PROBE = 64
"""Tokens of the prompt, and of each of two responses, that are computed; fewer where a model's context is short."""


class Budget(BaseModel):
    """What is kept."""

    tokens: PositiveInt


def training_budget(policy: PackedModel) -> int:
    """Tokens of a training pass for a policy that is ready for training; its gradients are none afterwards."""
    kind = policy.device.type
    return kept(f"budget-{_key(policy, kind)}.json", lambda: Budget(tokens=_measured(policy, kind)), Budget).tokens


def _key(policy: PackedModel, kind: str) -> str:
    sizes = sorted((tuple(p.shape), p.requires_grad) for p in policy.model.parameters())
    about = [VERSION, machine_key(kind), policy.dtype, str(sizes), type(policy.bare).__name__]
    about.append(any(getattr(module, "gradient_checkpointing", False) for module in policy.model.modules()))
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:20]


def _measured(policy: PackedModel, kind: str) -> int:
    best, least = SMALLEST, float("inf")
    tokens, started = SMALLEST, time.monotonic()
    length = max(1, min(PROBE, (policy.encoder.context or 2 * PROBE) // 2))
    while tokens <= LARGEST.get(kind, LARGEST["cpu"]) and time.monotonic() - started < SECONDS:
        examples = [probe(i, length, length, length) for i in range(max(1, tokens // (3 * length)))]
        if (found := attempted(lambda examples=examples: _seconds_a_token(policy, examples, kind))) is None:
            break
        log.debug("%d tokens a pass: %.3g microseconds a token", tokens, 1e6 * found[0])
        if found[0] <= WORTH * least:
            best, least = tokens, found[0]
        tokens *= 2
    for parameter in policy.model.parameters():
        parameter.grad = None
    return best


def _seconds_a_token(policy: PackedModel, examples: list[Encoded], kind: str) -> float:
    times: list[float] = []
    devices = [torch.cuda.current_device()] if kind == "cuda" else []
    with torch.random.fork_rng(devices):
        for _ in range(3):
            start = time.perf_counter()
            total: Tensor = policy.forward(examples).total
            with engine_numerics():
                total.sum().backward()
            if kind == "cuda":
                torch.cuda.synchronize()
            times.append(time.perf_counter() - start)
    return min(times[1:]) / sum(example.length for example in examples)
