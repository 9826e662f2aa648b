"""Which float32 matrix product the engine uses, chosen by accuracy on this machine, and put back for foreign code."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import torch

ACCURATE = 1e-5
"""Largest error, relative to the largest entry, of a product that counts as float32 (bfloat16 errs by about 4e-3)."""


@dataclass(frozen=True)
class Numerics:
    """The choice, and the errors it rests on: relative to float64, on a product of 256 x 512 by 512 x 256."""

    setting: str
    """For `torch.set_float32_matmul_precision`."""
    error: float
    """Of the setting chosen."""
    error_of_fast: float
    """Of "medium", whether chosen or not."""


def _error(setting: str) -> float:
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(256, 512, generator=generator)
    b = torch.randn(512, 256, generator=generator)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(setting)
    try:
        product = torch.nn.functional.linear(a, b.T.contiguous()).double()
    finally:
        torch.set_float32_matmul_precision(before)
    exact = a.double() @ b.double()
    return float((product - exact).abs().max() / exact.abs().max())


@cache
def numerics() -> Numerics:
    """The setting for this machine; accuracy alone decides, so that the choice is the same every time.

    "medium" sends products to oneDNN, which is faster on a CPU; on some processors it means bfloat16, and is refused.
    """
    fast = _error("medium") if not torch.cuda.is_available() else float("inf")
    if fast <= ACCURATE:
        return Numerics("medium", fast, fast)
    return Numerics("highest", _error("highest"), fast if fast != float("inf") else -1.0)


@contextmanager
def engine_numerics() -> Generator[None]:
    """The engine's matrix products inside, the caller's outside: the switch is one for the whole process."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(numerics().setting)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
