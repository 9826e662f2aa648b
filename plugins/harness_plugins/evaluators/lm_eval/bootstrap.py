"""lm-eval's bootstrap, in this process and faster, to the same last digit."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from lm_eval.api.metrics import sample_stddev

CHUNK = 1000
"""Resamples that share a seed, as in lm-eval."""


def bootstrap_stderr(statistic: Callable[[Sequence[Any]], float], items: Sequence[Any], iters: int) -> float:
    """Standard deviation of a statistic over resamples: `lm_eval.api.metrics.bootstrap_stderr`.

    lm-eval forks one process per core, which is unsafe beside torch's threads, and draws with `random.choices`. NumPy's
    Mersenne Twister, set to the state of Python's, draws the same items.
    """
    plain = np.array(items, dtype=np.float64) if all(isinstance(item, float) for item in items) else None
    size, chunk = len(items), min(CHUNK, iters)
    found: list[float] = []
    for seed in range(iters // chunk):
        draws = _twister(seed)
        for _ in range(chunk):
            picked = (draws.random_sample(size) * size).astype(np.int64)
            again = [items[i] for i in picked.tolist()] if plain is None else plain[picked].tolist()
            found.append(statistic(again))
    return sample_stddev(found)


def _twister(seed: int) -> np.random.RandomState:
    """NumPy's generator in the state of `random.Random(seed)`."""
    _, state, _ = random.Random(seed).getstate()
    draws = np.random.RandomState()
    draws.set_state(("MT19937", np.array(state[:-1], dtype=np.uint32), state[-1], 0, 0.0))
    return draws
