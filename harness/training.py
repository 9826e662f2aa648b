"""What a row may choose about its training, and what a suite fixes for all rows."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Lora(BaseModel):
    """Low-rank adapters (peft). The reference is then the base with the adapter off."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    r: Annotated[int, Field(ge=1)] = 16
    """Rank."""
    alpha: Annotated[float, Field(gt=0)] = 32.0
    """Scale: updates are multiplied by alpha / r."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Dropout on the adapter's input."""
    targets: tuple[str, ...] | None = None
    """Names of the linear layers to adapt; null for every linear layer but the output head."""


class Sharding(BaseModel):
    """Several processes share every step of one row, and each holds a part of the optimiser's state (DeepSpeed)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    processes: Annotated[int, Field(ge=2)] = 2
    """On this machine: one GPU each, or all on the CPU where there is none."""
    stage: Literal[1, 2] = 1
    """ZeRO: 1 divides the optimiser's state, 2 the gradients too."""


class Training(BaseModel):
    """A row's own training settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    learning_rate: Annotated[float, Field(gt=0)] = 1e-4
    """Peak learning rate of AdamW. The default suits the embedded world; 5e-7 to 5e-6 is usual for language models."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """After the warm-up: to zero along a half cosine, to zero along a line, or not at all."""
    warmup: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Fraction of the steps over which the learning rate rises linearly."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """AdamW's decoupled decay, on matrices only."""
    beta1: Annotated[float, Field(ge=0, lt=1)] = 0.9
    """AdamW's decay of the first moment."""
    beta2: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """AdamW's decay of the second moment."""
    clip: Annotated[float, Field(gt=0)] | None = 1.0
    """Largest norm of the whole gradient; null for no clipping."""
    dtype: Literal["fp32", "bf16"] = "fp32"
    """bf16: forward and backward under autocast; weights and optimiser stay in float32, also under adapters."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Set on every dropout of the model during training; 0 turns them all off."""
    lora: Lora | None = None
    """Train adapters instead of all weights."""
    checkpointing: bool = False
    """Keep what enters each layer alone and compute the layer again on the way back: less memory, a fifth to a third
    more time, the same gradients to the bit."""
    sharding: Sharding | None = None
    """Divide the optimiser's state among processes; null for one process that holds it all."""

    def identity(self) -> dict[str, Any]:
        """All that can change the policy, as plain data: not what only trades time for memory."""
        return self.model_dump(mode="json", exclude={"checkpointing", "sharding"})


class Budget(BaseModel):
    """What every row of a suite is given alike."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompts: Annotated[int, Field(ge=1)] | None = None
    """Training examples (a prompt with its responses) seen per epoch; null for all that the source has."""
    epochs: Annotated[int, Field(ge=1)] = 1
    batch: Annotated[int, Field(ge=1)] = 64
    """Examples per optimiser step. A last, smaller step is kept."""


class Tokens(BaseModel):
    """How text becomes tokens, the same for every row and evaluator of a suite."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max: Annotated[int, Field(ge=2)] | None = None
    """Longest prompt + response; null for the model's own context, at most 2,048."""
    min_prompt: Annotated[int, Field(ge=1)] = 32
    """A prompt is cut on the left down to this before a response is cut on the right. Nothing is dropped."""
    template: Literal["auto", "chat", "plain", "tagged"] = "auto"
    """chat: the tokenizer's chat template; plain: the text alone; tagged: every turn under `<|user|>`, `<|assistant|>`
    or `<|system|>` on a line of its own, a blank line between turns; auto: chat where there is one, else plain."""
