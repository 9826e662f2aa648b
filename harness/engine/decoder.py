"""Which way of decoding a model takes: the fastest that equals its plain forward pass."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from harness.engine.decoding import BufferedDecoding, Decoding, PlainDecoding
from harness.engine.lean_decoding import LeanDecoding, unfit

log = logging.getLogger(__name__)

AGREEMENT = 1e-3
"""How far log-probs may be from the plain forward pass, in float32, before a way is refused: nats."""
ROUNDED_AGREEMENT = 0.1
"""The same in bfloat16."""


@dataclass(frozen=True)
class Decoder:
    """The way chosen for a model, and why not a faster one."""

    way: str
    """"lean", "buffered" or "plain": `LeanDecoding`, `BufferedDecoding`, `PlainDecoding`."""
    refusal: str = ""

    def start(self, causal: Any, longest: int) -> Decoding:
        """Decoding of sequences of up to `longest` tokens, prompts included, by the weights as they are now."""
        if self.way == "lean" and not unfit(causal):
            return LeanDecoding(causal, longest)
        return PlainDecoding(causal) if self.way == "plain" else BufferedDecoding(causal, longest)


def choose_decoder(causal: Any, *, exact: bool) -> Decoder:
    """The first way that agrees with the plain forward pass on a few tokens. Inside the settings of a pass.

    Args:
        causal: the model, in evaluation mode.
        exact: whether it computes in float32.
    """
    refusals: list[str] = []
    reason = unfit(causal)
    if reason:
        refusals.append(f"lean: {reason}")
    for decoder in [Decoder("buffered")] if reason else [Decoder("lean"), Decoder("buffered")]:
        try:
            difference = _difference(causal, decoder)
        except Exception as error:  # whatever the architecture raises on arguments it does not know
            log.debug("%s decoding refused", decoder.way, exc_info=error)
            refusals.append(f"{decoder.way}: {type(causal).__name__} cannot take it: {type(error).__name__}")
            continue
        if difference <= (AGREEMENT if exact else ROUNDED_AGREEMENT):
            return Decoder(decoder.way, "; ".join(refusals))
        refusals.append(f"{decoder.way}: it differs by {difference:.2g} nats")
    return Decoder("plain", "; ".join(refusals))


def _difference(causal: Any, decoder: Decoder) -> float:
    """Nats, at most: of two prompts of different lengths twice over, four more tokens, and rows that end on the way."""
    vocabulary = causal.get_input_embeddings().num_embeddings
    prompts = [tuple((5 * i + 3) % vocabulary for i in range(7)), tuple((3 * i + 1) % vocabulary for i in range(3))]
    rows = [list(p) for p in prompts for _ in range(2)]
    decoding = decoder.start(causal, 12)
    worst = _furthest(causal, rows, decoding.prompts(prompts, 2))
    for step, order in enumerate(([0, 1, 2, 3], [0, 3, 2], [2, 1], [1])):
        decoding.keep(torch.tensor(order, device=causal.device))
        rows = [rows[i] for i in order]
        tokens = [(11 * step + 7 * i + 2) % vocabulary for i in order]
        for row, token in zip(rows, tokens, strict=True):
            row.append(token)
        found = decoding.follow(torch.tensor(tokens, device=causal.device))
        worst = max(worst, _furthest(causal, rows, found))
    return worst


def _furthest(causal: Any, rows: list[list[int]], logits: Tensor) -> float:
    plain = [causal(input_ids=torch.tensor([row], device=causal.device)).logits[0, -1] for row in rows]
    distance = (torch.stack(plain).float().log_softmax(-1) - logits.float().log_softmax(-1)).abs().max()
    return float(distance) if distance.isfinite() else float("inf")
