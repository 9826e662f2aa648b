"""Floating-point operations that a pass over prompts and responses needs, counted from a model's shape.

Only useful ones: matrix products over real tokens, a prompt once for all its responses, no padding; attention over the
pairs of positions where one may see the other; the output head where a response token is predicted. A multiplication
and an addition are two. Norms, activations, softmax and the optimiser are not counted, nor is anything computed twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from random_work import Shape

PASSES = 4
"""Of training in forward passes: the reference, the policy, and twice as much again for its gradient."""


@dataclass(frozen=True)
class Operations:
    """Of one forward pass, by what they are for."""

    linear: float
    attention: float
    head: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.linear + self.attention + self.head


Lengths = tuple[int, Sequence[int]]
"""Tokens of a prompt and of each of its responses."""


def forward(shape: Shape, examples: Iterable[Lengths]) -> Operations:
    """Operations of one forward pass; the last token of a response is predicted, not fed."""
    fed = seen = predicted = 0
    for prompt, responses in examples:
        fed += prompt + sum(r - 1 for r in responses)
        seen += prompt * (prompt + 1) // 2 + sum((r - 1) * prompt + (r - 1) * r // 2 for r in responses)
        predicted += sum(responses)
    return Operations(
        linear=2.0 * weights_per_layer(shape) * shape.layers * fed,
        attention=4.0 * shape.hidden * shape.layers * seen,
        head=2.0 * shape.hidden * shape.vocab * predicted,
    )


def weights_per_layer(shape: Shape) -> int:
    """Of the matrices that every token is multiplied by: four of attention, and the MLP's three (gpt-neox: two)."""
    return 4 * shape.hidden**2 + (2 if shape.family == "gpt-neox" else 3) * shape.hidden * shape.mlp


def training(shape: Shape, examples: Iterable[Lengths]) -> float:
    """Operations of training once on each example, its reference log-probs included."""
    return PASSES * forward(shape, examples).total
