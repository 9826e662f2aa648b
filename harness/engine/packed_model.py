"""What a language model and a reward model share: one pass over a prompt and all its responses, whatever the batch."""

from __future__ import annotations

import contextlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from harness.batch import Logps
from harness.engine.attention import packed, short_windows
from harness.engine.encoding import Encoded, Encoder
from harness.engine.fused import Fusions, fused, fusions_of
from harness.engine.layout import Layout
from harness.engine.machine import machine
from harness.engine.memory import attempted, smaller_pass
from harness.engine.numerics import engine_numerics
from harness.examples import Example, user_prompt
from harness.examples import Response as Answer

log = logging.getLogger(__name__)

TOKEN_BUDGET = {"cpu": 2048, "cuda": 16384}
"""Per device: tokens of one pass without gradients, padding of attention groups included. Throughput and memory depend
on it, results but for rounding do not."""

AGREEMENT = 1e-3
"""How far the packed pass may be from the plain one, in float32, before it is refused: nats a token, or of a reward."""


@dataclass(frozen=True)
class Padded:
    """One row per response, padded on the right. R rows of L tokens."""

    tokens: Tensor
    """(R, L) int64."""
    seen: Tensor
    """(R, L) int64: 1 where there is a token."""
    scored: Tensor
    """(R, L) bool: where it is one of the response."""


@dataclass
class PackedModel(ABC):
    """A decoder with its tokenizer. `forward` is exact, whatever the batch it is computed in."""

    model: Any
    """A transformers model, or a peft model around one."""
    tokenizer: Any
    encoder: Encoder
    dtype: str = "fp32"
    """"bf16": autocast during the forward pass."""
    token_budget: int | None = None
    """Tokens of a pass; None for `TOKEN_BUDGET`, and, in training, for what a probe finds. Halved where memory ends."""
    refusal: str = ""
    """Why the plain padded pass is used instead of the packed one; empty where it is not."""
    fusions: Fusions = field(default_factory=Fusions)
    """What the packed pass computes by compiled passes; found when the packed pass is checked."""

    task: ClassVar[str]
    """peft's name of what the model is for; it decides which layers get adapters."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.model.parameters()).device

    @property
    def pass_tokens(self) -> int:
        """Tokens of a pass, as far as they are chosen."""
        return self.token_budget or TOKEN_BUDGET.get(self.device.type, TOKEN_BUDGET["cpu"])

    @property
    def bare(self) -> Any:
        """The transformers model itself, adapters inside, without peft's wrapper."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    @contextmanager
    def _autocast(self) -> Generator[None]:
        with torch.autocast(self.device.type, torch.bfloat16) if self.dtype == "bf16" else contextlib.nullcontext():
            yield

    def forward(self, examples: Sequence[Encoded]) -> Logps:
        """One number per response, in the order of the examples; differentiable where gradients are on."""
        with engine_numerics(), self._autocast():
            return self._padded(examples) if self.refusal else self._packed(examples)

    @abstractmethod
    def _packed(self, examples: Sequence[Encoded]) -> Logps:
        """By `_states` of a layout."""

    @abstractmethod
    def _padded(self, examples: Sequence[Encoded]) -> Logps:
        """By what any model of the kind can do."""

    def _plain(self, examples: Sequence[Encoded]) -> Logps:
        """What the packed pass has to equal."""
        return self._padded(examples)

    @abstractmethod
    def _distance(self, found: Logps, plain: Logps) -> tuple[float, str]:
        """How far apart two passes are, and the unit of that."""

    def _head_is_all(self) -> bool:
        """Whether nothing follows the output head, which the packed pass uses alone."""
        return True

    def _states(self, flat: Layout) -> Tensor:
        """(T, width) last hidden states of a packed layout."""
        body = self.bare.base_model
        with packed(body.config), fused(self.fusions):
            return body(
                input_ids=flat.tokens.unsqueeze(0),
                position_ids=flat.positions.unsqueeze(0),
                use_cache=False,
                layout=flat,
                way=machine(self.device.type).attention,
            ).last_hidden_state[0]

    def _rows(self, examples: Sequence[Encoded], pad: int = 0) -> Padded:
        rows = [(e.prompts[p], r) for e in examples for r, p in zip(e.responses, e.prompt_of, strict=True)]
        longest = max(len(p) + len(r) for p, r in rows)
        tokens = torch.full((len(rows), longest), pad, dtype=torch.int64)
        seen = torch.zeros(len(rows), longest, dtype=torch.int64)
        scored = torch.zeros(len(rows), longest, dtype=torch.bool)
        for i, (prompt, response) in enumerate(rows):
            end = len(prompt) + len(response)
            tokens[i, :end] = torch.tensor(prompt + response)
            seen[i, :end] = 1
            scored[i, len(prompt) : end] = True
        return Padded(tokens.to(self.device), seen.to(self.device), scored.to(self.device))

    @torch.no_grad()
    def _values(self, examples: Sequence[Encoded], tick: Any = None) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per example: (K,) float32 of `forward` and (K,) int64 token counts. No gradients.

        Args:
            examples: in any order; longest first inside, for little padding.
            tick: called with the number of examples done after each pass.
        """
        self.model.eval()
        waiting = [((i, 0), e) for i, e in enumerate(examples)]
        results: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
        while waiting:
            waiting = [((i, k + n), p) for (i, k), e in waiting for n, p in _numbered(divided(e, self.pass_tokens))]
            waiting.sort(key=lambda part: part[1].length, reverse=True)
            waiting = self._passes(waiting, results, tick)
        whole: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in examples]
        for i, k in sorted(results):
            whole[i].append(results[i, k])
        return [(np.concatenate([t for t, _ in one]), np.concatenate([n for _, n in one])) for one in whole]

    def _passes(
        self,
        parts: list[tuple[tuple[int, int], Encoded]],
        results: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]],
        tick: Any,
    ) -> list[tuple[tuple[int, int], Encoded]]:
        """Forward passes over parts by name, into `results`, until memory is not enough: the token budget is then
        halved, and what is left comes back.
        """
        done = 0
        for together in split_by_tokens([part for _, part in parts], self.pass_tokens):
            if (found := attempted(partial(self.forward, together))) is None:
                self.token_budget = smaller_pass(together, self.pass_tokens)
                return parts[done:]
            names = [name for name, _ in parts[done : done + len(together)]]
            edges = np.cumsum([len(part.responses) for part in together])[:-1]
            totals = np.split(found[0].total.float().cpu().numpy(), edges)
            tokens = np.split(found[0].tokens.cpu().numpy().astype(np.int64), edges)
            results.update(zip(names, zip(totals, tokens, strict=True), strict=True))
            done += len(together)
            if tick:
                tick(sum(k == 0 for _, k in names))
        return []

    def check_packed(self) -> None:
        """Compare the packed pass with the plain one on a few tokens. Where they differ, or the architecture cannot
        take it, the padded pass is used from then on and `refusal` says why.
        """
        probe = [
            Example(f"probe {k}", user_prompt("a b c " * k), tuple(Answer("d e " * n) for n in (1, 3, 2)))
            for k in (1, 4)
        ]
        encoded = self.encoder.examples(probe)
        training = self.model.training
        self.model.eval()
        self.fusions = fusions_of(self.model)
        try:
            with torch.no_grad(), engine_numerics(), self._autocast(), short_windows(self.bare.base_model):
                plain = self._plain(encoded)
                try:
                    found = self._packed(encoded)
                except Exception as error:  # whatever the architecture raises on arguments it does not know
                    self.refusal = f"{type(self.bare).__name__} cannot take a packed pass: {type(error).__name__}"
                    log.debug("packed pass refused", exc_info=error)
                    return
            difference, unit = self._distance(found, plain)
            if not difference <= (AGREEMENT if self.dtype == "fp32" else 0.1):
                self.refusal = f"{type(self.bare).__name__}: the packed pass differs by {difference:.2g} {unit}"
            elif not self._head_is_all():
                self.refusal = f"{type(self.bare).__name__} changes what its output head gives"
        finally:
            self.model.train(training)


def divided(example: Encoded, budget: int) -> list[Encoded]:
    """An example's responses in parts that, with their prompts, are within `budget` tokens where they are more than one
    response: ten thousand candidates are no single pass. `Encoded.example` stays whole.
    """
    if example.length <= budget:
        return [example]
    parts: list[list[int]] = []
    prompts: set[int] = set()
    length = 0
    for response, (tokens, prompt) in enumerate(zip(example.responses, example.prompt_of, strict=True)):
        more = len(tokens) + (0 if prompt in prompts else len(example.prompts[prompt]))
        if not parts or length + more > budget:
            parts.append([])
            prompts, length = set(), 0
            more = len(tokens) + len(example.prompts[prompt])
        parts[-1].append(response)
        prompts.add(prompt)
        length += more
    return [example.of_responses(part) for part in parts]


def _numbered(parts: Sequence[Encoded]) -> list[tuple[int, Encoded]]:
    """Parts of one example by the number of responses before them."""
    return list(zip(np.cumsum([0, *(len(p.responses) for p in parts[:-1])]).tolist(), parts, strict=True))


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
