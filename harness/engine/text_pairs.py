"""A reward model over an encoder (BERT, DeBERTa, ...): it reads prompt and response as a pair of texts."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from harness.engine.encoding import CUT_PROMPTS, CUT_RESPONSES, LONGEST_DEFAULT, plain_text
from harness.engine.numerics import engine_numerics
from harness.errors import ModelError
from harness.examples import Example, Prompt
from harness.training import Tokens


@dataclass
class TextPairRater:
    """Truncation: a prompt is cut on the left down to `tokens.min_prompt`, then the response on the right."""

    model: Any
    tokenizer: Any
    tokens: Tokens
    dtype: str = "fp32"
    """"bf16": autocast during the forward pass."""
    token_budget: int = 8192
    counted: Counter[str] = field(default_factory=Counter[str])
    """How often what was cut."""

    def __post_init__(self) -> None:
        if self.tokenizer.pad_token_id is None:
            raise ModelError("the tokenizer of an encoder has no padding token", fix="set pad_token in its files")
        self.tokenizer.truncation_side = "left"
        self.tokenizer.padding_side = "right"

    @property
    def longest(self) -> int:
        """Tokens: the longest input, special tokens included."""
        stated = (self.tokenizer.model_max_length, getattr(self.model.config, "max_position_embeddings", None))
        return min(self.tokens.max or LONGEST_DEFAULT, *(n for n in stated if n))

    def cut(self, example: Example) -> Counter[str]:
        """What is cut of one example."""
        silent = replace(self, counted=Counter())
        for response in example.responses:
            silent._row(response.prompt or example.prompt, response.text)
        return silent.counted

    @torch.no_grad()
    def rewards(self, examples: Sequence[Example], tick: Callable[[int], None] | None = None) -> list[np.ndarray]:
        """Per example, (K,) float32 rewards; see `RatingModel.rewards`."""
        rows = [self._row(r.prompt or e.prompt, r.text) for e in examples for r in e.responses]
        values = np.zeros(len(rows), dtype=np.float32)
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]["input_ids"]), reverse=True)
        done = 0
        while done < len(order):
            count = max(1, self.token_budget // len(rows[order[done]]["input_ids"]))
            part = order[done : done + count]
            values[part] = self._forward([rows[i] for i in part])
            done += len(part)
            if tick:  # examples, in proportion: their responses are not computed together
                tick(done * len(examples) // len(rows) - (done - len(part)) * len(examples) // len(rows))
        edges = np.cumsum([len(e.responses) for e in examples])
        return np.split(values, edges[:-1]) if len(examples) else []

    def _forward(self, rows: list[Any]) -> np.ndarray:
        device = next(self.model.parameters()).device
        given = {k: v.to(device) for k, v in self.tokenizer.pad(rows, return_tensors="pt").items()}
        cast = torch.autocast(device.type, torch.bfloat16) if self.dtype == "bf16" else contextlib.nullcontext()
        with engine_numerics(), cast:
            return self.model(**given).logits.squeeze(-1).float().cpu().numpy()

    def _row(self, prompt: Prompt, response: str) -> Any:
        if getattr(self.tokenizer, "chat_template", None) and self.tokens.template != "plain":
            turns = [*({"role": m.role, "content": m.content} for m in prompt)]
            turns.append({"role": "assistant", "content": response})
            text = self.tokenizer.apply_chat_template(turns, tokenize=False)
            if self._length(text) > self.longest:
                self.counted[CUT_PROMPTS] += 1
            return self.tokenizer(text, truncation=True, max_length=self.longest, add_special_tokens=False)
        asked = plain_text(prompt).strip()
        before = self._length(asked)
        room = self.longest - self.tokenizer.num_special_tokens_to_add(pair=True)
        said = self.tokenizer(response, add_special_tokens=False, return_offsets_mapping=True)
        most = max(1, room - min(self.tokens.min_prompt, before))
        if len(said["input_ids"]) > most:
            response = response[: said["offset_mapping"][most - 1][1]]
            self.counted[CUT_RESPONSES] += 1
        if before + min(len(said["input_ids"]), most) > room:
            self.counted[CUT_PROMPTS] += 1
        return self.tokenizer(asked, response, truncation="only_first", max_length=self.longest)

    def _length(self, text: str) -> int:
        return len(self.tokenizer(text, add_special_tokens=False)["input_ids"])
