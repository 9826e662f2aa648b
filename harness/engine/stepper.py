"""What turns gradients into new weights: the one seam where a distributed engine plugs in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import torch
from torch import Tensor
from torch.nn import Parameter

from harness.batch import Logps
from harness.engine.checkpointing import set_checkpointing
from harness.engine.encoding import Encoded
from harness.engine.memory import out_of_memory
from harness.engine.numerics import engine_numerics
from harness.engine.packed_model import PackedModel
from harness.engine.peers import Alone, Peers
from harness.errors import ModelError
from harness.training import Lora, Training

M = TypeVar("M", bound=PackedModel)


class Stepper(Protocol):
    """All that the trainer asks of an engine."""

    @property
    def peers(self) -> Peers:
        """The processes that share every step."""
        ...

    def forward(self, examples: Sequence[Encoded]) -> Logps:
        """Log-probs of a micro-batch, differentiable where gradients are on."""
        ...

    def backward(self, loss: Tensor) -> None:
        """Add the gradient of `loss` to the parameters' gradients."""
        ...

    def update(self, learning_rate: float) -> float:
        """Clip, step, and forget the gradients; returns the norm of the gradient before clipping."""
        ...

    def forget(self) -> None:
        """Drop the gradients added so far."""
        ...


class LocalStepper:
    """One process, one device, AdamW."""

    def __init__(self, policy: PackedModel, training: Training) -> None:
        self._policy, self._clip = policy, training.clip
        self._parameters = [p for p in policy.model.parameters() if p.requires_grad]
        self._optimiser = adamw(self._parameters, training)
        self.peers = Alone()

    def forward(self, examples: Sequence[Encoded]) -> Logps:
        """See `Stepper`."""
        return self._policy.forward(examples)

    def backward(self, loss: Tensor) -> None:
        """See `Stepper`."""
        with engine_numerics():
            loss.backward()

    def update(self, learning_rate: float) -> float:
        """See `Stepper`."""
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate
        total = torch.nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None])
        norm = float(total)
        if math.isfinite(norm):
            if self._clip is not None and norm > self._clip:
                torch.nn.utils.clip_grads_with_norm_(self._parameters, self._clip, total)
            self._step()
        self.forget()
        return norm

    def _step(self) -> None:
        try:
            self._optimiser.step()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            raise ModelError(
                "there is no memory for the optimiser's state, two float32 numbers per trained weight",
                fix="train adapters (`training.lora`), or divide the state among processes (`training.sharding`)",
            ) from error

    def forget(self) -> None:
        """See `Stepper`."""
        self._optimiser.zero_grad(set_to_none=True)


def adamw(parameters: Sequence[Parameter], training: Training) -> torch.optim.AdamW:
    """The optimiser of a row; fused, which is measured to be the fastest. Weight decay is for matrices alone."""
    decayed = [p for p in parameters if p.ndim >= 2]
    kept = [p for p in parameters if p.ndim < 2]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": training.weight_decay},
        {"params": kept, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [g for g in groups if g["params"]],
        lr=training.learning_rate,
        betas=(training.beta1, training.beta2),
        fused=True,
    )


def learning_rate(training: Training, step: int, steps: int) -> float:
    """Learning rate of step `step` (from 0) of `steps`: a linear rise, then the schedule, 0 where step is `steps`."""
    rise = round(training.warmup * steps)
    if step < rise:
        return training.learning_rate * (step + 1) / rise
    done = (step - rise) / max(1, steps - rise)
    shape: dict[str, Callable[[], float]] = {
        "cosine": lambda: (1 + math.cos(math.pi * done)) / 2,
        "linear": lambda: 1 - done,
        "constant": lambda: 1.0,
    }
    return training.learning_rate * shape[training.schedule]()


def make_trainable(policy: M, training: Training, seed: int) -> M:
    """The policy with dropout, precision and checkpointing as `training` asks, in training mode; with new adapters,
    initialised by `seed`, where it asks for adapters and the policy has none yet. Those it has are trained on.
    """
    model = policy.model
    if hasattr(model, "peft_config"):
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("lora_" in name)
    elif training.lora:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = _with_lora(policy, training.lora)
    _set_dropout(model, training)
    policy.model, policy.dtype = model, training.dtype
    set_checkpointing(policy, on=training.checkpointing)
    model.train()
    return policy


def _with_lora(policy: PackedModel, lora: Lora) -> Any:
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,  # pyright: ignore[reportArgumentType]  # a float works; peft's hint says int
        lora_dropout=lora.dropout,
        target_modules=list(lora.targets) if lora.targets else "all-linear",
        task_type=policy.task,  # of a sequence classifier, peft leaves the head alone and trains it in full
    )
    return get_peft_model(policy.model, config)


def _set_dropout(model: Any, training: Training) -> None:
    """One rate for every dropout of the model; an adapter's own stays."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Dropout) and "lora" not in name:
            module.p = training.dropout
        for attribute in ("attention_dropout", "dropout"):
            if isinstance(getattr(module, attribute, None), float):
                setattr(module, attribute, training.dropout)
