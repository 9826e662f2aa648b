"""Gradient checkpointing: a layer keeps what entered it alone and is computed again on the way back."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

from harness.engine.attention import PACKED, packed
from harness.engine.fused import fused
from harness.engine.packed_model import PackedModel
from harness.errors import ModelError


def set_checkpointing(policy: PackedModel, *, on: bool) -> None:
    """Switch it on or off; it takes place while the model trains.

    What the first computation of a layer used of the engine's own, the second uses too, which runs when the model has
    long been put back; random state and autocast are torch's to replay.

    Raises:
        ModelError: the architecture cannot.
    """
    model = policy.bare
    if not model.supports_gradient_checkpointing:
        if on:
            raise ModelError(
                f"{type(model).__name__} cannot compute its layers again", fix="leave `training.checkpointing` out"
            )
        return
    if not on:
        model.activation_checkpointing_disable()
        return

    def contexts() -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
        again = _engine(policy) if model.base_model.config._attn_implementation == PACKED else contextlib.nullcontext()
        return contextlib.nullcontext(), again

    model.activation_checkpointing_enable({"use_reentrant": False, "context_fn": contexts})
    model.disable_input_require_grads()  # which the reentrant kind alone needs


@contextmanager
def _engine(policy: PackedModel) -> Generator[None]:
    """As in a packed pass."""
    with packed(policy.bare.base_model.config), fused(policy.fusions):
        yield
