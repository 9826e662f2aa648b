"""The embedded source: a miniature world, small enough that the truth about every answer is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import harness
from harness.examples import Split


@dataclass(frozen=True)
class World(harness.Source):
    """Preferences made the way preference data come to be, in a world that can be enumerated. See docs/world.md."""

    name: ClassVar[str] = "world"

    structure: Literal["bradley-terry", "cycles"] = "bradley-terry"
    """Preferences from a latent reward, or intransitive ones that no reward represents."""
    noise: float = 0.1
    """Probability that a rater's vote is flipped, 0 to 1/2."""
    raters: int = 3
    """Votes per pair, 1 to 99; the majority is the label, a fair coin settles a tie."""
    length_bias: float = 0.0
    """Added to a rater's log-odds per word that an answer is longer, nats; the truth has no such bias."""
    sources: bool = True
    """Responses come from a human and a model of different quality, and say so; else from one writer in between."""
    human_share: float = 0.5
    """Share of the responses that the human wrote, 0 to 1; without meaning where `sources` is off."""
    variant: int = 0
    """Another number gives another world: other effects, other split of the prompts."""

    def __post_init__(self) -> None:
        if not 0 <= self.noise <= 0.5:
            raise ValueError(f"noise is {self.noise}, not a probability up to 1/2")
        if not 1 <= self.raters <= 99:
            raise ValueError(f"raters is {self.raters}, not a number from 1 to 99")
        if not abs(self.length_bias) <= 1:
            raise ValueError(f"length_bias is {self.length_bias}, not a number of nats a word from -1 to 1")
        if not 0 <= self.human_share <= 1:
            raise ValueError(f"human_share is {self.human_share}, not a share from 0 to 1")
        if self.variant < 0:
            raise ValueError(f"variant is {self.variant}, not a number from 0 up")

    def examples(self, split: Split, seed: int, limit: int | None = None) -> harness.ExampleSet:
        """Labelled pairs, one an example; see `harness.Source.examples`.

        Training prompts come in shuffled passes and every pair is drawn anew for each seed: as many as `limit` says,
        3,072 without one. Of the other splits there is one fixed draw, two pairs a prompt, and `limit` cuts it.
        """
        from harness_plugins.sources.world.pairs import held_out_pairs, training_pairs

        return training_pairs(self, seed, limit) if split == "train" else held_out_pairs(self, split, limit)

    def base_model(self) -> harness.BaseRecipe:
        """A small Llama to be trained from scratch on pooled responses to the training prompts, and on the facts."""
        from harness_plugins.sources.world.base import base_recipe

        return base_recipe(self)

    def oracle(self) -> harness.Oracle:
        """The truth, enumerated."""
        from harness_plugins.sources.world.oracle import oracle

        return oracle(self)

    def judge(self) -> harness.Judge:
        """The true preference between any two texts: no noise, no length bias, no rater."""
        from harness_plugins.sources.world.judge import TrueJudge

        return TrueJudge(self)

    def references(self, split: Split) -> Mapping[harness.Prompt, str]:
        """Per prompt of a split, one answer drawn from mu; the draw is fixed by the variant."""
        from harness_plugins.sources.world.references import references

        return references(self, split)

    def tasks(self, folder: Path) -> tuple[str, ...]:
        """The lm-eval task `world_facts`: facts that the base was taught and that preferences say nothing about."""
        from harness_plugins.sources.world.task import write_task

        return (write_task(self.variant, folder),)


@harness.hookimpl
def harness_sources() -> Iterable[type[harness.Source]]:
    """The source `world`."""
    return [World]
