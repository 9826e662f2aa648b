"""The world's splits as examples, one labelled pair each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import harness
from harness.examples import Split
from harness_plugins.sources.world.draw import Drawn, draw_pairs
from harness_plugins.sources.world.language import answers, prompt_ids, prompt_texts, prompt_values
from harness_plugins.sources.world.splits import split_prompts, training_passes
from harness_plugins.sources.world.streams import Purpose, Stream

if TYPE_CHECKING:
    from harness_plugins.sources.world import World

TRAIN_PAIRS = 3072
"""Training examples where no limit is given."""
HELD_OUT_DRAWS = 2
"""Pairs per prompt of the validation and the test split."""


def training_pairs(world: World, seed: int, limit: int | None) -> harness.ExampleSet:
    """`limit` pairs, drawn anew for each seed, over shuffled passes of the training prompts."""
    count = TRAIN_PAIRS if limit is None else limit
    prompts = training_passes(Stream(Purpose.TRAIN_ORDER, world.variant, seed), count)
    drawn = draw_pairs(world, prompts, Stream(Purpose.TRAIN, world.variant, seed))
    return _example_set(world, drawn, [f"train-{seed}-{n:06}" for n in range(count)])


def held_out_pairs(world: World, split: Split, limit: int | None) -> harness.ExampleSet:
    """The one draw there is of a split: each prompt once, then each prompt once more. Ids are `<prompt id>/<draw>`."""
    own = split_prompts(world.variant, split)
    prompts = np.tile(own, HELD_OUT_DRAWS)[:limit]
    purpose = Purpose.TEST if split == "test" else Purpose.VALIDATION
    ids = [f"{prompt_ids()[prompt]}/{n // len(own)}" for n, prompt in enumerate(prompts.tolist())]
    return _example_set(world, draw_pairs(world, prompts, Stream(purpose, world.variant)), ids)


def _example_set(world: World, drawn: Drawn, ids: list[str]) -> harness.ExampleSet:
    """Drawn pairs as examples; no reward is told. The subset of an example is its prompt's task."""
    human: list[list[bool | None]] = [[None, None]] * len(ids) if drawn.human is None else drawn.human.tolist()
    told = {None: None, True: "human", False: "model"}
    rows = zip(ids, drawn.prompts.tolist(), drawn.answers.tolist(), drawn.votes.tolist(), human, strict=True)
    examples: list[harness.Example] = []
    for (name, prompt, both, votes, wrote), first in zip(rows, drawn.first_chosen.tolist(), strict=True):
        texts = answers(prompt)
        chosen, support = (0, votes) if first else (1, world.raters - votes)
        responses = tuple(harness.Response(texts[a], told[h]) for a, h in zip(both, wrote, strict=True))
        pair = harness.Pair(chosen, 1 - chosen, support / world.raters)
        asked = harness.user_prompt(prompt_texts()[prompt])
        examples.append(harness.Example(name, asked, responses, (pair,), subset=prompt_values()[prompt][0]))
    ties = int((2 * drawn.votes == world.raters).sum())
    counted = {"ties settled by a coin": ties} if ties else {}
    return harness.ExampleSet(tuple(examples), harness.Ledger(read=len(examples), kept=len(examples), counted=counted))
