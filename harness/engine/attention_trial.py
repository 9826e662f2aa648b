"""The same attention, forward and backward, by one way or another: what a machine's choice is measured on."""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor

from harness.engine.attention import packed_attention
from harness.engine.encoding import probe
from harness.engine.layout import layout

HEADS, WIDTH = 8, 32
LENGTHS = ((200, 150, 120), (140, 80, 160), (60, 150, 30), (180, 20, 90))
"""Of a prompt and its two responses."""
AGREEMENT = 1e-4
"""Largest difference from the plainest way, relative to the largest entry."""


class Trial:
    """Random queries, keys and values of a few packed pairs, on a device."""

    def __init__(self, device: str) -> None:
        generator = torch.Generator().manual_seed(0)
        self._flat = layout([probe(i, *lengths) for i, lengths in enumerate(LENGTHS)]).to(torch.device(device))
        shape = (1, HEADS, len(self._flat.tokens), WIDTH)
        self._inputs = [torch.randn(shape, generator=generator).to(device).requires_grad_() for _ in range(3)]
        self._module = SimpleNamespace(training=True)

    def run(self, way: str) -> list[Tensor]:
        """The output and the three gradients."""
        out, _ = packed_attention(self._module, *self._inputs, None, layout=self._flat, way=way)  # pyright: ignore
        return [out.detach(), *torch.autograd.grad(out.square().sum(), self._inputs)]

    def refusal(self, way: str, found: list[Tensor], plain: list[Tensor]) -> str:
        """Why a way's result is not taken; empty where it agrees."""
        distance = max(float((a - b).abs().max() / b.abs().max()) for a, b in zip(found, plain, strict=True))
        return "" if distance <= AGREEMENT else f"{way} differs by {distance:.1g} of the largest entry"
