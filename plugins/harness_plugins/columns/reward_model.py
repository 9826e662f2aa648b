"""A reward model of the training pairs, fitted on the suite's base model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import harness
from harness.column import Start
from harness.examples import Need
from harness_plugins.columns.bradley_terry import BradleyTerry

if TYPE_CHECKING:
    import numpy as np

EXAMINED = 2048
"""Training examples whose accuracy goes into the record, at most."""


@dataclass(frozen=True)
class RewardModel(harness.Column):
    """The base model with a scalar head in place of its vocabulary, trained on the same pairs as the rows.

    Pairs fix rewards only up to a number per prompt; `centring` keeps that near zero.
    """

    name: ClassVar[str] = "reward_model"
    source: ClassVar[str] = "arXiv:2203.02155 eq. 1, but every pair counts alike; settings: our choice"
    reads: ClassVar[Start] = "base"
    learns: ClassVar[bool] = True

    learning_rate: float = 2e-3
    """Peak learning rate of AdamW, > 0. The default suits the embedded world; 5e-6 to 2e-5 is usual for language models
    trained in full, 1e-4 with adapters."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """After the warm-up: to zero along a half cosine, to zero along a line, or not at all."""
    warmup: float = 0.1
    """Fraction of the steps over which the learning rate rises linearly, 0 to 1."""
    weight_decay: float = 0.0
    """AdamW's decoupled decay, on matrices only, >= 0."""
    epochs: int = 1
    """Passes over the training pairs, >= 1; more than one or two overfits."""
    batch: int = 64
    """Prompts per optimiser step, >= 1."""
    centring: float = 0.01
    """Weight of the squared sum of a pair's rewards, >= 0; TRL's recommended value."""
    lora_rank: int = 0
    """Rank of adapters on every linear layer, the head trained in full; 0 trains all weights."""
    lora_alpha: float = 32.0
    """Scale of the adapters, > 0: updates are multiplied by alpha / rank."""
    lora_dropout: float = 0.0
    """Dropout on the adapters' input, 0 to 1."""
    precision: Literal["fp32", "bf16"] = "fp32"
    """bf16: forward and backward under autocast; weights and optimiser stay in float32."""

    def __post_init__(self) -> None:
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be > 0, not {self.learning_rate}")
        if not 0 <= self.warmup <= 1:
            raise ValueError(f"warmup must be from 0 to 1, not {self.warmup}")
        if self.weight_decay < 0 or self.centring < 0:
            raise ValueError("weight_decay and centring must be at least 0")
        if self.epochs < 1 or self.batch < 1:
            raise ValueError("epochs and batch must be at least 1")
        if self.lora_rank < 0 or not self.lora_alpha > 0 or not 0 <= self.lora_dropout < 1:
            raise ValueError("lora_rank must be at least 0, lora_alpha > 0, and lora_dropout from 0 to below 1")

    def needs(self) -> frozenset[Need]:
        """Pairs."""
        return frozenset({"pairs"})

    @property
    def training(self) -> harness.Training:
        """The settings of the trainer."""
        lora = harness.Lora(r=max(1, self.lora_rank), alpha=self.lora_alpha, dropout=self.lora_dropout)
        return harness.Training(
            learning_rate=self.learning_rate,
            schedule=self.schedule,
            warmup=self.warmup,
            weight_decay=self.weight_decay,
            dtype=self.precision,
            lora=lora if self.lora_rank else None,
        )

    def fit(self, examples: harness.ExampleSet, bench: harness.Bench, seed: int) -> Mapping[str, Any]:
        """Train on the pairs; the notes hold the trainer's own, and how well training pairs are then told apart."""
        budget = harness.Budget(epochs=self.epochs, batch=self.batch)
        notes = bench.train_rater(examples, BradleyTerry(centring=self.centring), self.training, budget, seed)
        seen = examples.examples[:EXAMINED]
        return {**notes, **pair_figures(seen, bench.rater().rewards(seen))}

    def compute(self, examples: Sequence[harness.Example], bench: harness.Bench) -> list[np.ndarray]:
        """Per example, (responses,) float32."""
        return bench.rater().rewards(examples)


def pair_figures(examples: Sequence[harness.Example], rewards: Sequence[np.ndarray]) -> dict[str, float]:
    """`training_accuracy` (ties half) and `training_margin` (mean of chosen minus rejected) over all pairs."""
    import numpy as np

    pairs = [
        (values[p.chosen], values[p.rejected]) for e, values in zip(examples, rewards, strict=True) for p in e.pairs
    ]
    margin = np.array([float(chosen) - float(rejected) for chosen, rejected in pairs])
    return {
        "training_accuracy": float((np.sign(margin) + 1).mean() / 2),
        "training_margin": float(margin.mean()),
    }


@harness.hookimpl
def harness_columns() -> Iterable[type[harness.Column]]:
    """Offers `reward_model`."""
    return [RewardModel]
