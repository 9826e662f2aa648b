"""The truth about the world by enumeration: every answer to every prompt, every pair, every label."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

import harness
from harness.examples import Split
from harness_plugins.sources.world.behaviour import behaviour
from harness_plugins.sources.world.language import ANSWERS, answers, prompt_ids, prompt_texts
from harness_plugins.sources.world.preferences import beats, majority, reward, vote
from harness_plugins.sources.world.splits import split_prompts

if TYPE_CHECKING:
    from harness_plugins.sources.world import World


def oracle(world: World) -> harness.Oracle:
    """Illegitimate text is scored at the smallest reward of any answer to any prompt of the world."""
    rewards = reward(world)
    return harness.Oracle(
        prompts=partial(truths, world), worst_reward=None if rewards is None else float(rewards.min())
    )


@cache
def truths(world: World, split: Split) -> Sequence[harness.PromptTruth]:
    """The truth about each prompt of a split, in the split's order. Its arrays cannot be written to."""
    prompts = split_prompts(world.variant, split)
    mu = behaviour(world).mu[prompts]
    pair = pair_probabilities(mu)
    at = prompts[:, None, None]
    i, j = np.arange(ANSWERS)[None, :, None], np.arange(ANSWERS)[None, None, :]
    preferred = beats(world, at, i, j)
    labelled = majority(vote(world, at, i, j), world.raters)
    chosen, rejected = 2 * (pair * labelled).sum(axis=2), 2 * (pair * labelled).sum(axis=1)
    rewards = reward(world)
    known = None if rewards is None else rewards[prompts]
    for table in (mu, pair, preferred, labelled, chosen, rejected, *([] if known is None else [known])):
        table.setflags(write=False)
    return tuple(
        harness.PromptTruth(
            id=prompt_ids()[prompt],
            prompt=harness.user_prompt(prompt_texts()[prompt]),
            answers=answers(prompt),
            behaviour=mu[n],
            preferred=chosen[n],
            dispreferred=rejected[n],
            reward=None if known is None else known[n],
            beats=preferred[n],
            pair=pair[n],
            labelled=labelled[n],
        )
        for n, prompt in enumerate(prompts.tolist())
    )


def pair_probabilities(mu: np.ndarray) -> np.ndarray:
    """(n, A, A) P(first is i, second is j | they differ) = mu_i mu_j / (1 - sum mu^2), 0 on the diagonal; (n, A) mu."""
    joint = mu[:, :, None] * mu[:, None, :]
    joint[:, np.arange(mu.shape[1]), np.arange(mu.shape[1])] = 0.0
    return joint / joint.sum(axis=(1, 2), keepdims=True)
