"""Beginning- and end-of-sequence tokens where they should not be, or are missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harness.engine.encoding import Encoded, Encoder
from harness.examples import Prompt, user_prompt

ANSWER = "answer"
"""A word that no template writes by itself at the end of a conversation."""


@dataclass(frozen=True)
class Marks:
    """The two tokens of a tokenizer; without a beginning-of-sequence token of its own, that one is None."""

    bos: int | None
    eos: int
    texts: tuple[str, ...]
    """As they are written in text."""

    @classmethod
    def of(cls, tokenizer: Any) -> Marks:
        """The tokenizer's. GPT-2 and others have one token for both: it is then the end-of-sequence token."""
        bos, eos = tokenizer.bos_token_id, tokenizer.eos_token_id
        told = {tokenizer.eos_token, tokenizer.bos_token} - {None, ""}
        return cls(None if bos == eos else bos, eos, tuple(sorted(told)))

    def of_prompts(self, uncut: Encoded) -> Iterator[str]:
        """The checks that find something in an example's prompts, each once.

        A mark that a chat template writes between turns is as it should be; one in the text of a turn is not.
        """
        prompts = [p for p in uncut.prompts if len(p) > 1]
        if self.bos is not None and any(p[:2] == (self.bos, self.bos) for p in prompts):
            yield "doubled_bos"
        if any(p[-1] == self.eos for p in prompts):
            yield "prompt_ends_with_eos"
        example = uncut.example
        asked: list[Prompt] = [example.prompt, *(r.prompt for r in example.responses if r.prompt is not None)]
        if any(text in turn.content for prompt in asked for turn in prompt for text in self.texts):
            yield "marks_in_prompt"

    def of_response(self, uncut: tuple[int, ...]) -> Iterator[str]:
        """The checks that find something in a response's tokens."""
        if uncut[-1] != self.eos:
            yield "missing_eos"
        body = len(uncut)
        while body and uncut[body - 1] == self.eos:
            body -= 1
        if len(uncut) - body > 1:
            yield "doubled_eos"
        inside = uncut[:body]
        if self.eos in inside or (self.bos is not None and self.bos in inside):
            yield "marks_in_response"


def answer_end(encoder: Encoder) -> str | None:
    """What the chat template writes after an answer, where the end-of-sequence token is no part of it.

    None where that token is, where nothing is written, and where there is no template to tell.
    """
    if not encoder.uses_chat_template:
        return None
    prompt = user_prompt("question")
    turns = [{"role": turn.role, "content": turn.content} for turn in prompt]
    turns.append({"role": "assistant", "content": ANSWER})
    try:
        text: str = encoder.tokenizer.apply_chat_template(turns, tokenize=False)
    except Exception:  # a template may be code that knows no such conversation; prompts are checked apart from this
        return None
    written = text.rpartition(ANSWER)[2].strip()
    return written if written and encoder.tokenizer.eos_token not in written else None
