"""One answer to every prompt of a split, drawn from mu: what other answers are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import harness
from harness.examples import Split
from harness_plugins.sources.world.behaviour import behaviour
from harness_plugins.sources.world.draw import pick
from harness_plugins.sources.world.language import answers, prompt_texts
from harness_plugins.sources.world.splits import split_prompts
from harness_plugins.sources.world.streams import Purpose, Stream

if TYPE_CHECKING:
    from harness_plugins.sources.world import World


def references(world: World, split: Split) -> Mapping[harness.Prompt, str]:
    """Per prompt of a split, in its order. A draw of its own, fixed by the world's variant."""
    prompts = split_prompts(world.variant, split)
    drawn = pick(behaviour(world).mu[prompts], Stream(Purpose.REFERENCES, world.variant).uniforms(len(prompts)))
    return {
        harness.user_prompt(prompt_texts()[prompt]): answers(prompt)[answer]
        for prompt, answer in zip(prompts.tolist(), drawn.tolist(), strict=True)
    }
