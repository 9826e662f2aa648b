"""A causal language model with its tokenizer, and the one exact scorer: summed log-probs of whole responses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from harness.batch import Logps
from harness.engine.encoding import Encoded
from harness.engine.layout import layout
from harness.engine.logprobs import target_logps
from harness.engine.numerics import numerics
from harness.engine.packed_model import PackedModel
from harness.errors import ModelError
from harness.examples import Example


@dataclass
class LanguageModel(PackedModel):
    """A policy or a reference. `logps` is exact, whatever the batch it is computed in."""

    task: ClassVar[str] = "CAUSAL_LM"

    @property
    def causal(self) -> Any:
        """The causal model itself, adapters inside, without peft's wrapper."""
        return self.bare

    def _packed(self, examples: Sequence[Encoded]) -> Logps:
        flat = layout(examples).to(self.device)
        states = self._states(flat).index_select(0, flat.predictor)
        values = target_logps(states, flat.target, self.causal.get_output_embeddings())
        return _summed(values, flat.cell, flat.counts)

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
    chosen = numerics()
    return {
        "device": str(model.device),
        "threads": torch.get_num_threads(),
        "matmul": chosen.setting,
        "matmul_error": chosen.error,
        "pass": "padded" if model.refusal else "packed",
        "fallback": model.refusal,
        "dtype": model.dtype,
    }


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
