"""What answers are drawn from: mu(y|x), an explicit mixture of a human and a model source of different quality.

    mu = w mu_human + (1 - w) mu_model
    mu_source(y|x) = P(style) P(form),  P(style) = softmax of the source's habits + its judgement * appeal of the style

The distribution of forms, and so of lengths, is one for all styles, sources and prompts.
Habits and appeal are additive in the prompt's attributes (`effects`), so mu is predictable for unseen combinations. The
source of a response is drawn from its posterior given the answer, so that responses follow mu exactly. Our choice.
P prompts, S = 8 styles, A = 24 answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from harness_plugins.sources.world.effects import Quantity, additive
from harness_plugins.sources.world.language import FORM_OF, STYLE_OF

if TYPE_CHECKING:
    from harness_plugins.sources.world import World

#                  plain  polite stepwise vivid hedged playful rambling off-topic
STYLE_APPEAL = (0.30, 0.50, 0.80, 0.60, -0.20, 0.00, -0.90, -1.70)
"""(S,) how much a style is liked, all else equal."""
APPEAL_SPREADS = (0.45, 0.20, 0.55, 0.55)
"""Of the effects of task, topic, audience and manner on how much a style is liked."""

HABIT_SPREADS = (0.20, 0.15, 0.20, 0.20)
"""Of the effects of task, topic, audience and manner on what a source tends to write."""
FORM_SHARES = (0.3, 0.4, 0.3)
"""Short, middle and long forms, alike for all: length tells nothing of quality."""


@dataclass(frozen=True)
class Writer:
    """A source of responses."""

    name: str
    quantity: Quantity
    habits: tuple[float, ...]
    """(S,) log-odds of each style, all else equal."""
    judgement: float
    """How much the appeal of a style raises its log-odds."""


HUMAN = Writer("human", Quantity.HUMAN, (0.3, -0.1, -0.3, 0.2, 0.0, 0.3, 0.3, -0.2), 0.45)
MODEL = Writer("model", Quantity.MODEL, (0.0, 0.5, 0.4, -0.3, 0.5, -0.3, 0.2, 0.1), -0.10)


@cache
def style_appeal(variant: int) -> np.ndarray:
    """(P, S) how much each style is liked for each prompt; the reward's main part, in its raw unit."""
    return additive(variant, Quantity.APPEAL, STYLE_APPEAL, APPEAL_SPREADS)


def _log_odds(writer: Writer, variant: int) -> np.ndarray:
    """(P, S) log-odds of the styles in what a source writes."""
    habits = additive(variant, writer.quantity, writer.habits, HABIT_SPREADS)
    return habits + writer.judgement * style_appeal(variant)


def _distribution(log_odds: np.ndarray) -> np.ndarray:
    """(P, A) over answers, from (P, S) log-odds of styles."""
    weights = np.exp(log_odds)
    styles = weights / weights.sum(axis=1, keepdims=True)
    return styles[:, STYLE_OF] * np.array(FORM_SHARES)[FORM_OF]


@dataclass(frozen=True)
class Behaviour:
    """How responses come to be."""

    mu: np.ndarray
    """(P, A) mu(y|x); rows sum to 1."""
    human: np.ndarray | None
    """(P, A) P(written by the human source | prompt, answer); None where sources are not told."""


def behaviour(world: World) -> Behaviour:
    """The distribution of responses in a world, and who wrote what."""
    return _behaviour(world.variant, world.sources, world.human_share)


@cache
def _behaviour(variant: int, sources: bool, human_share: float) -> Behaviour:
    human, model = _log_odds(HUMAN, variant), _log_odds(MODEL, variant)
    if not sources:
        return Behaviour(_distribution((human + model) / 2), None)
    by_human = human_share * _distribution(human)
    mu = by_human + (1 - human_share) * _distribution(model)
    return Behaviour(mu, by_human / mu)


def pooled(mu: np.ndarray) -> np.ndarray:
    """(..., A) mu~: the distribution of a response picked at random from a drawn pair, whatever the labels.

    A pair is two distinct answers drawn from mu, so it is mu (1 - mu) / (1 - sum mu^2). Derived.
    """
    return mu * (1 - mu) / (1 - (mu**2).sum(axis=-1, keepdims=True))
