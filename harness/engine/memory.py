"""What does not fit in memory: told from other errors, and tried again in smaller passes."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from harness.engine.encoding import Encoded
from harness.errors import ModelError

T = TypeVar("T")

SAYINGS = ("can't allocate memory", "not enough memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
"""How torch's CPU allocator and CUDA's libraries say it."""


class OutOfMemory(Exception):
    """Memory was not enough in a process that shares its steps with others: all have to begin again.

    Args:
        budget: tokens of a micro-batch to begin again with.
    """

    def __init__(self, budget: int) -> None:
        self.budget = budget
        super().__init__(f"out of memory; {budget} tokens a pass may fit")


def out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory was not enough."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(saying in str(error) for saying in SAYINGS)


def attempted(work: Callable[[], T]) -> tuple[T] | None:
    """What `work` gives, or None where it ran out of memory; all that the failed attempt held is then let go."""
    try:
        return (work(),)
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
    # Here the error and its traceback, whose frames held the attempt's tensors, are gone.
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return None


def padded_size(part: Sequence[Encoded]) -> int:
    """Tokens of a pass, as `split_by_tokens` counts them."""
    return max(e.length for e in part) * sum(len(e.prompts) for e in part)


def smaller_pass(together: Sequence[Encoded], budget: int) -> int:
    """Half the token budget of passes without gradients, or of the pass that did not fit, whichever is less.

    Raises:
        ModelError: the pass was one response already.
    """
    if sum(len(e.responses) for e in together) == 1:
        raise ModelError(
            f"scoring ran out of memory on one response alone: {together[0].length:,} tokens with its prompt",
            fix="lower `tokens.max`",
        )
    return max(1, min(budget, padded_size(together)) // 2)


def smaller_budget(parts: Sequence[Sequence[Encoded]], budget: int) -> int:
    """Half the token budget of a step, or of its largest pass, whichever is less.

    Raises:
        ModelError: every pass is one example already.
    """
    sizes = [padded_size(part) for part in parts if sum(bool(e.responses) for e in part) > 1]
    if not sizes:
        longest = max(e.length for part in parts for e in part)
        raise ModelError(
            f"training ran out of memory on one example alone: {longest:,} tokens",
            fix="set `training.checkpointing: true`, train adapters (`training.lora`), use `training.dtype: bf16`, "
            "or lower `tokens.max`",
        )
    return max(1, min(budget, max(sizes)) // 2)
