"""Additive effects: a number per style and prompt that is a sum over the prompt's attributes.

    value(style, prompt) = main[style] + sum over attributes of effect[style, the prompt's value of that attribute]

Whatever is of this form can be predicted for combinations of attributes that were never seen. All constants are
rounded to three decimals, so that they are the same numbers on every machine. S = 8 styles, P prompts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum

import numpy as np

from harness_plugins.sources.world.language import SIZES, STYLES, attributes
from harness_plugins.sources.world.streams import Purpose, Stream


class Quantity(IntEnum):
    """What the effects are effects on; each has constants of its own."""

    APPEAL = 1
    HUMAN = 2
    MODEL = 3
    PHASE = 4
    FORM = 5


DECIMALS = 3


def drawn(variant: int, quantity: Quantity, part: int, spread: float, *shape: int) -> np.ndarray:
    """`shape` constants of the world: uniform, mean 0, standard deviation `spread`, three decimals."""
    uniforms = Stream(Purpose.EFFECTS, variant, int(quantity), part).uniforms(*shape)
    return np.round((2 * uniforms - 1) * math.sqrt(3) * spread, DECIMALS)


def additive(variant: int, quantity: Quantity, main: Sequence[float], spreads: Sequence[float]) -> np.ndarray:
    """(P, S) float64: the sum of effects.

    Args:
        variant: of the world.
        quantity: whose constants.
        main: (S,) the effect of each style alone.
        spreads: standard deviation of the effects of (task, topic, audience, manner) on each style.
    """
    total = np.tile(np.asarray(main, dtype=np.float64), (len(attributes()), 1))
    for part, (size, spread) in enumerate(zip(SIZES, spreads, strict=True)):
        effect = drawn(variant, quantity, part, spread, size, len(STYLES))
        total += effect[attributes()[:, part]]
    return total
