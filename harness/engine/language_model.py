"""A causal language model with its tokenizer, and the one exact scorer: summed log-probs of whole responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from harness.batch import Logps
from harness.engine.encoding import Encoded
from harness.engine.layout import layout
from harness.engine.logprobs import target_logps
from harness.engine.machine import machine
from harness.engine.packed_model import PackedModel
from harness.errors import ModelError
from harness.examples import Example

if TYPE_CHECKING:
    from harness.engine.decoder import Decoder

LARGE = 100.0
"""Largest of the logits with which it is tried whether the output head is all; soft caps are some tens."""


@dataclass
class LanguageModel(PackedModel):
    """A policy or a reference. `logps` is exact, whatever the batch it is computed in."""

    task: ClassVar[str] = "CAUSAL_LM"

    decoder: Decoder | None = None
    """How its responses are written; chosen when the first is drawn."""

    @property
    def causal(self) -> Any:
        """The causal model itself, adapters inside, without peft's wrapper."""
        return self.bare

    def _packed(self, examples: Sequence[Encoded]) -> Logps:
        flat = layout(examples).to(self.device)
        states = self._states(flat).index_select(0, flat.predictor)
        values = target_logps(states, flat.target, self.causal.get_output_embeddings())
        return _summed(values[: len(flat.cell)], flat.cell, flat.counts)

    def _padded(self, examples: Sequence[Encoded]) -> Logps:
        rows = self._rows(examples)
        logits = self.causal(input_ids=rows.tokens, attention_mask=rows.seen, use_cache=False).logits[:, :-1]
        if logits.dtype in (torch.bfloat16, torch.float16):
            logits = logits.float()
        values = -nn.functional.cross_entropy(logits.flatten(0, 1), rows.tokens[:, 1:].flatten(), reduction="none")
        total = values.view(len(rows.tokens), -1).masked_fill(~rows.scored[:, 1:], 0.0).sum(-1)
        return Logps(total, rows.scored.sum(-1).to(total.dtype))

    def _distance(self, found: Logps, plain: Logps) -> tuple[float, str]:
        return float(((found.total - plain.total).abs() / plain.tokens).max()), "nats a token"

    @torch.no_grad()
    def _head_is_all(self) -> bool:
        """Tried with logits so large that a soft cap shows, which those of a new model are not."""
        head = self.causal.get_output_embeddings()
        made: list[Tensor] = []

        def instead(_module: nn.Module, _given: Any, output: Any) -> Any:
            states = torch.randn(output.last_hidden_state.shape, generator=torch.Generator().manual_seed(0))
            states = states.to(output.last_hidden_state)
            output.last_hidden_state = states * (LARGE / head(states).abs().max().clamp(min=1e-6))
            made.append(output.last_hidden_state)
            return output

        hook = self.bare.base_model.register_forward_hook(instead)
        try:
            logits = self.causal(
                input_ids=torch.ones(1, 4, dtype=torch.int64, device=self.device), use_cache=False
            ).logits
        finally:
            hook.remove()
        expected = head(made[0]) if made else torch.full_like(logits, torch.nan)
        return bool((logits - expected).abs().max() <= 1e-4 * expected.abs().max())

    def logps_of(self, examples: Sequence[Encoded], tick: Any = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per example: (K,) float32 summed log-probs in nats and (K,) int64 token counts. No gradients.

        Args:
            examples: in any order; longest first inside, for little padding.
            tick: called with the number of examples done after each pass.
        """
        return self._values(examples, tick)

    def logps(self, examples: Sequence[Example]) -> list[tuple[np.ndarray, np.ndarray]]:
        """`logps_of` examples that are not encoded yet."""
        return self.logps_of(self.encoder.examples(examples))


def engine_facts(model: PackedModel) -> dict[str, Any]:
    """What the engine chose for a model."""
    chosen = machine(model.device.type)
    return {
        "device": str(model.device),
        "threads": torch.get_num_threads(),
        "matmul": chosen.matmul,
        "matmul_error": chosen.matmul_error,
        "attention": chosen.attention,
        "fused": list(model.fusions.names),
        "pass": "padded" if model.refusal else "packed",
        "fallback": model.refusal,
        "dtype": model.dtype,
        **_drawing(model),
    }


def _drawing(model: PackedModel) -> dict[str, Any]:
    decoder = model.decoder if isinstance(model, LanguageModel) else None
    return {"decoding": decoder.way, "decoding_fallback": decoder.refusal} if decoder else {}


def _summed(values: Tensor, cell: Tensor, counts: Tensor) -> Logps:
    """Add token log-probs up per response, in the same order whatever the batch."""
    table = values.new_zeros(len(counts) * int(counts.max()))
    table = table.index_copy(0, cell, values)
    return Logps(table.view(len(counts), -1).sum(-1), counts.to(values.dtype))


def finite(values: np.ndarray, what: str) -> np.ndarray:
    """`values`, or a clear error where some are not finite: a policy that broke is a failed cell, never a number."""
    if not np.isfinite(values).all():
        raise ModelError(f"{what}: {int((~np.isfinite(values)).sum())} of {values.size} are not finite")
    return values
