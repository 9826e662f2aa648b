"""A causal language model with its tokenizer, and the one exact scorer: summed log-probs of whole responses."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harness.batch import Logps
from harness.engine.attention import packed
from harness.engine.encoding import Encoded, Encoder
from harness.engine.layout import layout
from harness.engine.logprobs import target_logps
from harness.engine.numerics import engine_numerics, numerics
from harness.errors import ModelError
from harness.examples import Example, user_prompt
from harness.examples import Response as Answer

log = logging.getLogger(__name__)

TOKEN_BUDGET = 8192
"""Tokens of one forward pass, padding of attention groups included. Throughput and memory depend on it, results but for
rounding do not."""

AGREEMENT = 1e-3
"""Nats a token: how far the packed pass may be from the padded one, in float32, before it is refused."""


@dataclass
class LanguageModel:
    """A policy or a reference. `logps` is exact, whatever the batch it is computed in."""

    model: Any
    """A transformers causal language model, or a peft model around one."""
    tokenizer: Any
    encoder: Encoder
    dtype: str = "fp32"
    """"bf16": autocast during the forward pass."""
    token_budget: int = TOKEN_BUDGET
    refusal: str = ""
    """Why the plain padded pass is used instead of the packed one; empty where it is not."""
    _cast: Any = field(default=None, repr=False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    @property
    def causal(self) -> Any:
        """The causal model itself, adapters inside, without peft's wrapper."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    @contextmanager
    def _autocast(self) -> Generator[None]:
        with torch.autocast(self.device.type, torch.bfloat16) if self.dtype == "bf16" else contextlib.nullcontext():
            yield

    def forward(self, examples: Sequence[Encoded]) -> Logps:
        """Log-probs of every response, in the order of the examples; differentiable where gradients are on."""
        with engine_numerics(), self._autocast():
            return self._padded(examples) if self.refusal else self._packed(examples)

    def _packed(self, examples: Sequence[Encoded]) -> Logps:
        flat = layout(examples).to(self.device)
        causal = self.causal
        with packed(causal.config):
            states = causal.base_model(
                input_ids=flat.tokens.unsqueeze(0),
                position_ids=flat.positions.unsqueeze(0),
                use_cache=False,
                layout=flat,
            ).last_hidden_state[0]
        values = target_logps(states.index_select(0, flat.predictor), flat.target, causal.get_output_embeddings())
        return _summed(values, flat.cell, flat.counts)

    def _padded(self, examples: Sequence[Encoded]) -> Logps:
        """One row per response, padded on the right: what any causal model can do."""
        rows = [(e.prompts[p], r) for e in examples for r, p in zip(e.responses, e.prompt_of, strict=True)]
        longest = max(len(p) + len(r) for p, r in rows)
        tokens = torch.zeros(len(rows), longest, dtype=torch.int64)
        seen = torch.zeros(len(rows), longest, dtype=torch.int64)
        scored = torch.zeros(len(rows), longest, dtype=torch.bool)
        for i, (prompt, response) in enumerate(rows):
            end = len(prompt) + len(response)
            tokens[i, :end] = torch.tensor(prompt + response)
            seen[i, :end] = 1
            scored[i, len(prompt) : end] = True
        tokens, seen, scored = (x.to(self.device) for x in (tokens, seen, scored))
        logits = self.causal(input_ids=tokens, attention_mask=seen, use_cache=False).logits[:, :-1]
        if logits.dtype in (torch.bfloat16, torch.float16):
            logits = logits.float()
        values = -nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten(), reduction="none")
        total = values.view(len(rows), -1).masked_fill(~scored[:, 1:], 0.0).sum(-1)
        return Logps(total, scored.sum(-1).to(total.dtype))

    @torch.no_grad()
    def logps_of(self, examples: Sequence[Encoded], tick: Any = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per example: (K,) float32 summed log-probs in nats and (K,) int64 token counts. No gradients.

        Args:
            examples: in any order; longest first inside, for little padding.
            tick: called with the number of examples done after each pass.
        """
        self.model.eval()
        order = sorted(range(len(examples)), key=lambda i: examples[i].length, reverse=True)
        results: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for part in split_by_tokens([examples[i] for i in order], self.token_budget):
            found = self.forward(part)
            total = found.total.float().cpu().numpy()
            tokens = found.tokens.cpu().numpy().astype(np.int64)
            at = 0
            for example in part:
                k = len(example.responses)
                results[order[len(results)]] = total[at : at + k], tokens[at : at + k]
                at += k
            if tick:
                tick(len(part))
        return [results[i] for i in range(len(examples))]

    def logps(self, examples: Sequence[Example]) -> list[tuple[np.ndarray, np.ndarray]]:
        """`logps_of` examples that are not encoded yet."""
        return self.logps_of(self.encoder.examples(examples))

    def check_packed(self) -> None:
        """Compare the packed pass with the padded one on a few tokens. Where they differ, or the architecture cannot
        take it, the padded pass is used from then on and `refusal` says why.
        """
        probe = [
            Example(f"probe {k}", user_prompt("a b c " * k), tuple(Answer("d e " * n) for n in (1, 3, 2)))
            for k in (1, 4)
        ]
        encoded = self.encoder.examples(probe)
        training = self.model.training
        self.model.eval()
        try:
            with torch.no_grad(), engine_numerics(), self._autocast():
                plain = self._padded(encoded)
                try:
                    found = self._packed(encoded)
                except Exception as error:  # whatever the architecture raises on arguments it does not know
                    self.refusal = f"{type(self.causal).__name__} cannot take a packed pass: {type(error).__name__}"
                    log.debug("packed pass refused", exc_info=error)
                    return
            difference = float(((found.total - plain.total).abs() / plain.tokens).max())
            if not difference <= (AGREEMENT if self.dtype == "fp32" else 0.1):
                self.refusal = f"{type(self.causal).__name__}: the packed pass differs by {difference:.2g} nats a token"
        finally:
            self.model.train(training)


def engine_facts(model: LanguageModel) -> dict[str, Any]:
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


def split_by_tokens(examples: Sequence[Encoded], budget: int) -> list[list[Encoded]]:
    """Consecutive parts, each within `budget` tokens as attention pads them; a longer example stands alone."""
    parts: list[list[Encoded]] = []
    longest = groups = 0
    for example in examples:
        length, prompts = example.length, len(example.prompts)
        longest = max(longest, length)
        if parts and longest * (groups + prompts) <= budget:
            parts[-1].append(example)
            groups += prompts
        else:
            parts.append([example])
            longest, groups = length, prompts
    return parts


def finite(values: np.ndarray, what: str) -> np.ndarray:
    """`values`, or a clear error where some are not finite: a policy that broke is a failed cell, never a number."""
    if not np.isfinite(values).all():
        raise ModelError(f"{what}: {int((~np.isfinite(values)).sum())} of {values.size} are not finite")
    return values
