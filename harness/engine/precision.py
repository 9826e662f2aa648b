"""Torch's setting for float32 matrix products: how accurate it is here, and the switch, which is put back."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import torch

ACCURATE = 1e-5
"""Largest error, relative to the largest entry, of a product that counts as float32 (bfloat16 errs by about 4e-3)."""


@contextmanager
def precision(setting: str) -> Generator[None]:
    """`torch.set_float32_matmul_precision` for the time being: it is one switch for the whole process."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(setting)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def error_of(setting: str, device: str) -> float:
    """The largest error of a product of 256 x 512 by 512 x 256, relative to its largest entry, against float64."""
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(256, 512, generator=generator)
    b = torch.randn(256, 512, generator=generator)
    with precision(setting):
        product = torch.nn.functional.linear(a.to(device), b.to(device)).cpu().double()
    exact = a.double() @ b.double().T
    return float((product - exact).abs().max() / exact.abs().max())
