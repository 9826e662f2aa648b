"""Random numbers that are the same on every machine and under every NumPy: raw output of PCG64, nothing built on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a stream is for. Streams of different purposes are independent."""

    EFFECTS = 1
    SPLIT = 2
    TRAIN_ORDER = 3
    TRAIN = 4
    VALIDATION = 5
    TEST = 6
    BASE_ORDER = 7
    BASE = 8
    FACTS = 9
    LESSONS = 10
    REFERENCES = 11


@dataclass(frozen=True)
class Stream:
    """Names one stream of random numbers. The same name gives the same numbers, always from their beginning."""

    purpose: Purpose
    variant: int
    """Of the world, 0 or more."""
    seed: int = 0
    """0 or more."""
    part: int = 0
    """Further division: a pass over the prompts, an attribute. 0 or more."""

    def _raw(self, count: int) -> np.ndarray:
        # The last 1 keeps trailing zeros apart: a seed sequence ignores them.
        key = [int(self.purpose), self.variant, self.seed, self.part, 1]
        return np.random.PCG64(key).random_raw(count)

    def uniforms(self, *shape: int) -> np.ndarray:
        """`shape` float64 in [0, 1), of 53 bits. A stream of more rows begins as one of fewer does."""
        return ((self._raw(math.prod(shape)) >> np.uint64(11)) * 2.0**-53).reshape(shape)

    def permutation(self, count: int) -> np.ndarray:
        """(count,) int64: the numbers below `count` in random order."""
        return np.argsort(self._raw(count), kind="stable")
