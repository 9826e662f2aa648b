"""A reward model over a decoder: a transformers sequence classifier with one output, read at the end of a response."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from harness.batch import Logps
from harness.engine.encoding import Encoded
from harness.engine.layout import Layout, layout
from harness.engine.packed_model import PackedModel
from harness.examples import Example


@dataclass
class RatingModel(PackedModel):
    """`forward` gives rewards in `.total`: the head's output at the last token that is no padding token.

    That is where transformers reads it. Where a model pads with its end-of-sequence token, the token before that one
    is read.
    """

    task: ClassVar[str] = "SEQ_CLS"

    @property
    def pad(self) -> int | None:
        """The padding token of the model's configuration."""
        return self.bare.config.get_text_config().pad_token_id

    def _packed(self, examples: Sequence[Encoded]) -> Logps:
        flat = layout(examples, whole=True).to(self.device)
        read = self._states(flat).index_select(0, _read_at(examples, flat, self.pad))
        return _rewards(self.bare.score(read), flat.counts)

    def _padded(self, examples: Sequence[Encoded]) -> Logps:
        if self.pad is None:
            return self._plain(examples)
        rows = self._rows(examples, self.pad)
        logits = self.bare(input_ids=rows.tokens, attention_mask=rows.seen, use_cache=False).logits
        return _rewards(logits, rows.scored.sum(-1))

    def _plain(self, examples: Sequence[Encoded]) -> Logps:
        """One row at a time, as anybody would ask the model."""
        rows = [(e.prompts[p], r) for e in examples for r, p in zip(e.responses, e.prompt_of, strict=True)]
        given = [torch.tensor([prompt + response], device=self.device) for prompt, response in rows]
        logits = [self.bare(input_ids=x, attention_mask=torch.ones_like(x), use_cache=False).logits for x in given]
        return _rewards(torch.cat(logits), torch.tensor([len(r) for _, r in rows], device=self.device))

    def _distance(self, found: Logps, plain: Logps) -> tuple[float, str]:
        relative = (found.total - plain.total).abs() / plain.total.abs().clamp(min=1.0)
        return float(relative.max()), "of a reward"

    @property
    def counted(self) -> Counter[str]:
        """How often what was cut."""
        return self.encoder.counted

    def cut(self, example: Example) -> Counter[str]:
        """What is cut of one example."""
        encoder = replace(self.encoder, counted=Counter())
        encoder.examples([example])
        return encoder.counted

    def rewards(self, examples: Sequence[Example], tick: Callable[[int], None] | None = None) -> list[np.ndarray]:
        """Per example, (K,) float32 rewards. No gradients.

        Args:
            examples: in any order.
            tick: called with the number of examples done after each pass.
        """
        return [total for total, _ in self._values(self.encoder.examples(examples), tick)]


def _rewards(logits: Tensor, counts: Tensor) -> Logps:
    """Of (responses, 1) outputs."""
    total = logits.squeeze(-1)
    if total.dtype in (torch.bfloat16, torch.float16):
        total = total.float()
    return Logps(total, counts.to(total.dtype))


def _read_at(examples: Sequence[Encoded], flat: Layout, pad: int | None) -> Tensor:
    """(R,) int64 into (T,): the last token of each prompt and response together that is not `pad`; the prompt's first
    where all are.
    """
    if pad is None:
        return flat.ends
    rows = [(e.prompts[p], r) for e in examples for r, p in zip(e.responses, e.prompt_of, strict=True)]
    back = torch.tensor([_trailing(r, pad) for _, r in rows], device=flat.ends.device)
    in_response = back < flat.counts
    if bool(in_response.all()):
        return flat.ends - back
    prompt_end = flat.predictor.index_select(0, flat.counts.cumsum(0) - flat.counts)
    in_prompt = torch.tensor([min(_trailing(p, pad), len(p) - 1) for p, _ in rows], device=flat.ends.device)
    return torch.where(in_response, flat.ends - back, prompt_end - in_prompt)


def _trailing(tokens: Sequence[int], pad: int) -> int:
    """How many of the last tokens are `pad`."""
    return next((n for n, token in enumerate(reversed(tokens)) if token != pad), len(tokens))
