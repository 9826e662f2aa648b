"""Which prompts are for what: the test split's combinations of attributes are never seen in training, with any seed."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from harness.examples import Split
from harness_plugins.sources.world.language import PROMPTS
from harness_plugins.sources.world.streams import Purpose, Stream

TEST, VALIDATION = 320, 160
"""Prompts held out for evaluation and for choosing settings; the other 1,440 are for training."""


@cache
def split_prompts(variant: int, split: Split) -> np.ndarray:
    """(prompts,) the prompts of a split, in random order. It depends on the world's variant alone."""
    order = Stream(Purpose.SPLIT, variant).permutation(PROMPTS)
    held_out = TEST + VALIDATION
    bounds = {"test": (0, TEST), "validation": (TEST, held_out), "train": (held_out, PROMPTS)}
    start, end = bounds[split]
    return order[start:end]


def training_passes(order: Stream, count: int) -> np.ndarray:
    """(count,) training prompts in shuffled passes: each of them once, in random order, then each once more.

    Args:
        order: whose parts shuffle the passes.
        count: how many, 0 or more; a longer list begins as a shorter one does.
    """
    own = split_prompts(order.variant, "train")
    parts = [dataclasses.replace(order, part=part) for part in range(-(-count // len(own)))]
    return np.concatenate([own[:0], *(own[part.permutation(len(own))] for part in parts)])[:count]
