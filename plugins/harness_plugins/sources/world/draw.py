"""Labelled pairs as they are drawn: two distinct answers from mu, their sources, the raters' votes, a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness_plugins.sources.world.behaviour import behaviour, pooled
from harness_plugins.sources.world.preferences import vote

if TYPE_CHECKING:
    from harness_plugins.sources.world import World
    from harness_plugins.sources.world.streams import Stream


@dataclass(frozen=True)
class Drawn:
    """n labelled pairs."""

    prompts: np.ndarray
    """(n,) which prompt."""
    answers: np.ndarray
    """(n, 2) the two answers in the order they were drawn, which tells nothing of the label."""
    votes: np.ndarray
    """(n,) raters who voted for the first."""
    first_chosen: np.ndarray
    """(n,) bool: the label."""
    human: np.ndarray | None
    """(n, 2) bool: written by the human source; None where sources are not told."""


def draw_pairs(world: World, prompts: np.ndarray, stream: Stream) -> Drawn:
    """One labelled pair for each of these prompts, (n,). The first m depend on the first m prompts alone."""
    random = stream.uniforms(len(prompts), 5 + world.raters)
    known = behaviour(world)
    mu = known.mu[prompts]
    first = pick(pooled(mu), random[:, 0])
    mu[np.arange(len(prompts)), first] = 0.0
    second = pick(mu, random[:, 1])
    votes = (random[:, 5:] < vote(world, prompts, first, second)[:, None]).sum(axis=1)
    both = np.stack([first, second], axis=1)
    return Drawn(
        prompts=prompts,
        answers=both,
        votes=votes,
        first_chosen=np.where(2 * votes == world.raters, random[:, 4] < 0.5, 2 * votes > world.raters),
        human=None if known.human is None else random[:, 2:4] < known.human[prompts[:, None], both],
    )


def pick(weights: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
    """(n,) one index per row of (n, A) weights, by inverting their cumulative sum; a weight of 0 is never picked."""
    cumulative = np.cumsum(weights, axis=1)
    return (cumulative <= (uniforms * cumulative[:, -1])[:, None]).sum(axis=1)
