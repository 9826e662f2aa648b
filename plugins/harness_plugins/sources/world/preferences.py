"""Who prefers what: a latent reward or intransitive cycles, and the raters who turn it into labels.

    true preference   P(i beats j | x) = sigmoid(margin(i, j | x))
      bradley-terry     margin = r(x, i) - r(x, j)
      cycles            margin = 2 sin(phase(x, i) - phase(x, j)): styles sit on a circle, each beats those behind it by
                        less than half a turn, so i beats j beats k beats i; off-topic answers lose to all others
    one rater's vote  (1 - noise) q + noise (1 - q),   q = sigmoid(margin + length_bias * (words of i - words of j))
    label             the majority of the raters; a tie is settled by a fair coin

Reward and phase are additive in the prompt's attributes. Our choice; Bradley and Terry 1952 for the first structure.
Arrays named i, j hold answers below A = 24 and broadcast with the prompts.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from harness_plugins.sources.world.behaviour import behaviour, style_appeal
from harness_plugins.sources.world.effects import DECIMALS, Quantity, additive, drawn
from harness_plugins.sources.world.language import FORM_OF, LENGTHS, OFF_TOPIC, STYLE_OF, STYLES

if TYPE_CHECKING:
    from harness_plugins.sources.world import World

FORM_SPREAD = 0.25
"""Of the effect of a style's surface form on how much it is liked."""
FORM_CONTRAST = (1.0, -1.5, 1.0)
"""Short, middle, long: uncorrelated with length under the shares of the forms, so that reward is too in every style."""

CYCLE_STRENGTH = 2.0
"""Nats: the largest margin between two styles."""
PHASE_SPREADS = (0.10, 0.05, 0.10, 0.10)
"""Radians: of the effects of task, topic, audience and manner on where a style sits on the circle."""
_ON_TOPIC = [style != OFF_TOPIC for style in STYLES]
_PHASES = [round(2 * math.pi * k / sum(_ON_TOPIC), DECIMALS) for k in range(len(STYLES))]


@cache
def _appeal(variant: int) -> np.ndarray:
    """(P, A) how much each answer is liked, in its raw unit."""
    forms = drawn(variant, Quantity.FORM, 0, FORM_SPREAD, len(STYLES))
    return style_appeal(variant)[:, STYLE_OF] + forms[STYLE_OF] * np.array(FORM_CONTRAST)[FORM_OF]


def reward(world: World) -> np.ndarray | None:
    """(P, A) the latent reward, None where preferences are cyclic.

    Its mean is 0 and its standard deviation 1 over prompts and answers drawn from mu, both to within the rounding of
    constants.
    """
    return _reward(world) if world.structure == "bradley-terry" else None


@cache
def _reward(world: World) -> np.ndarray:
    raw, mu = _appeal(world.variant), behaviour(world).mu
    centre = float((mu * raw).sum(axis=1).mean())
    spread = math.sqrt(float((mu * (raw - centre) ** 2).sum(axis=1).mean()))
    return (raw - round(centre, DECIMALS)) * round(1 / spread, DECIMALS)


@cache
def _phases(variant: int) -> np.ndarray:
    """(P, S) radians."""
    return additive(variant, Quantity.PHASE, _PHASES, PHASE_SPREADS)


def _margins(world: World, prompts: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Log-odds that answer i is truly preferred to answer j."""
    if world.structure == "bradley-terry":
        rewards = _reward(world)
        return rewards[prompts, i] - rewards[prompts, j]
    phases, on_topic = _phases(world.variant), np.array(_ON_TOPIC)
    first, second = STYLE_OF[i], STYLE_OF[j]
    circle = np.sin(phases[prompts, first] - phases[prompts, second])
    apart = on_topic[first].astype(np.float64) - on_topic[second]
    return CYCLE_STRENGTH * np.where(on_topic[first] & on_topic[second], circle, apart)


def beats(world: World, prompts: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """P(i is truly preferred to j | prompt), free of raters' noise and biases."""
    return _sigmoid(_margins(world, prompts, i, j))


def vote(world: World, prompts: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """P(one rater votes for i against j | prompt)."""
    bias = world.length_bias * (LENGTHS[i] - LENGTHS[j])
    preferred = _sigmoid(_margins(world, prompts, i, j) + bias)
    return world.noise + (1 - 2 * world.noise) * preferred


def majority(votes: np.ndarray, raters: int) -> np.ndarray:
    """P(the label is i), given P(one rater votes for i): more than half of the votes, or half and a fair coin."""
    total = np.zeros_like(votes)
    for count in range((raters + 1) // 2, raters + 1):
        weight = 0.5 if 2 * count == raters else 1.0
        total += weight * math.comb(raters, count) * votes**count * (1 - votes) ** (raters - count)
    return total


def _sigmoid(margin: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-margin))
