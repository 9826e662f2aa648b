"""A model's norms, gated products and rotary embeddings by compiled passes, while the engine's own pass runs.

Each is tried on a model's own modules first, and left as it is where the result differs: nothing is assumed of a class
by its name alone. Outside `fused`, the model is as transformers made it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from harness.engine.native import rows
from harness.engine.native.library import usable

CLOSE = 1e-5
"""Largest difference, relative to the largest entry, at which a compiled pass counts as equal."""
ROTARY = "apply_rotary_pos_emb"
"""The function of a modeling file of transformers that turns queries and keys."""


Computation: TypeAlias = Callable[[Any, Callable[[Tensor], Tensor], Tensor], Tensor]
"""The forward pass of a module: by the module, its own forward pass, for tensors that are not usable, and its input."""


@dataclass(frozen=True)
class Fusions:
    """What of a model the engine computes by compiled passes."""

    modules: tuple[tuple[Any, Computation], ...] = ()
    """A module, and what computes it."""
    rotary: tuple[Any, ...] = ()
    """Modeling files whose rotary function is replaced."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes and functions replaced, for records."""
        found = {type(module).__name__ for module, _ in self.modules}
        return tuple(sorted(found | ({ROTARY} if self.rotary else set[str]())))


def fusions_of(model: nn.Module) -> Fusions:
    """What can be replaced in a model: tried with the model's own weights, on a few random rows."""
    parameter = next(model.parameters())
    if not usable(parameter):
        return Fusions()
    modules: list[tuple[Any, Computation]] = []
    known: dict[tuple[type, int], bool] = {}
    files: dict[str, Any] = {}
    with torch.no_grad():
        for module in model.modules():
            if (found := _replacement(module)) is None:
                continue
            computation, width = found
            key = (type(module), width)
            if key not in known:
                known[key] = _same(module, computation, width)
            if known[key]:
                modules.append((module, computation))
        for module in model.modules():
            files.setdefault(type(module).__module__, sys.modules.get(type(module).__module__))
        rotary = tuple(file for file in files.values() if hasattr(file, ROTARY) and _turns_alike(getattr(file, ROTARY)))
    return Fusions(tuple(modules), rotary)


@contextmanager
def fused(found: Fusions) -> Generator[None]:
    """Compiled passes inside; the model as it was afterwards."""
    before = [(file, getattr(file, ROTARY)) for file in found.rotary]
    own = [vars(module).get("forward") for module, _ in found.modules]
    for module, computation in found.modules:
        module.forward = partial(computation, module, module.forward)
    for file, plain in before:
        setattr(file, ROTARY, _turning(plain))
    try:
        yield
    finally:
        for file, plain in before:
            setattr(file, ROTARY, plain)
        for (module, _), forward in zip(found.modules, own, strict=True):
            if forward is None:
                del module.forward
            else:
                module.forward = forward


def _replacement(module: nn.Module) -> tuple[Computation, int] | None:
    """What computes a module, and the width of its input, where it looks like one that can be compiled: one with a part
    more, such as a bias or a dropout that a trial without training would not show, is none.
    """
    weight = getattr(module, "weight", None)
    epsilon = getattr(module, "variance_epsilon", getattr(module, "eps", None))
    if type(module).__name__.endswith("RMSNorm") and isinstance(epsilon, float):
        alone = [name for name, _ in module.named_parameters()] == ["weight"]
        if alone and isinstance(weight, Tensor) and weight.ndim == 1:
            return partial(_norm, epsilon), len(weight)
        return None
    if {name for name, _ in module.named_children()} == {"gate_proj", "up_proj", "down_proj", "act_fn"}:
        return _gated, int(getattr(module.gate_proj, "in_features", 0))
    return None


def _norm(epsilon: float, module: Any, plain: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    return rows.rms_norm(x, module.weight, epsilon) if usable(x) and usable(module.weight) else plain(x)


def _gated(module: Any, plain: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    if not usable(x):
        return plain(x)
    return module.down_proj(rows.gated_silu(module.gate_proj(x), module.up_proj(x)))


def _turning(plain: Any) -> Any:
    """The rotary function, compiled where the tensors are as it takes them: (1, heads, T, d) by (1, T, d)."""

    def turn(q: Tensor, k: Tensor, cos: Tensor, sin: Tensor, *args: Any, **settings: Any) -> tuple[Tensor, Tensor]:
        whole = q.ndim == 4 and len(q) == 1 and cos.shape == (1, q.shape[2], q.shape[3])
        if args or settings or not whole or not all(usable(x) for x in (q, k, cos, sin)):
            return plain(q, k, cos, sin, *args, **settings)
        tables = cos[0].contiguous(), sin[0].contiguous()
        q, k = (rows.rotary(x[0].transpose(0, 1), *tables).transpose(0, 1).unsqueeze(0) for x in (q, k))
        return q, k

    return turn


def _same(module: Any, computation: Computation, width: int) -> bool:
    """Whether a compiled pass gives what the module itself does; where that is nothing but zeros, it cannot be told."""
    x = torch.randn(1, 3, width, generator=torch.Generator().manual_seed(0))
    try:
        plain = module(x)
        return bool(plain.any()) and _close(computation(module, module.forward, x), plain)
    except (RuntimeError, TypeError, AttributeError, ValueError):
        return False


def _turns_alike(plain: Any) -> bool:
    generator = torch.Generator().manual_seed(0)
    q, k, cos, sin = (torch.randn(*s, generator=generator) for s in ((1, 2, 3, 8), (1, 1, 3, 8), (1, 3, 8), (1, 3, 8)))
    try:
        return all(_close(a, b) for a, b in zip(_turning(plain)(q, k, cos, sin), plain(q, k, cos, sin), strict=True))
    except (RuntimeError, TypeError, ValueError):
        return False


def _close(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool((a - b).abs().max() <= CLOSE * b.abs().max().clamp(min=1e-6))
