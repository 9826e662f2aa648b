"""Whole conversations as tokens, for reward models that were trained on them in their own chat template."""

from __future__ import annotations

from collections.abc import Sequence

from harness.engine.encoding import Encoded, Encoder
from harness.errors import ModelError
from harness.examples import Example, Prompt


class ConversationEncoder(Encoder):
    """Encodes the template's text of prompt and response together, as the model's makers do.

    What the conversations of one prompt begin with alike counts as their prompt, so that it is computed once. Without a
    chat template it is a plain `Encoder`.
    """

    def examples(self, examples: Sequence[Example]) -> list[Encoded]:
        """Token ids of every example, in order."""
        return [self._conversations(e) for e in examples] if self._chat else super().examples(examples)

    def _conversations(self, example: Example) -> Encoded:
        prompts: dict[Prompt, int] = {}
        prompt_of = [prompts.setdefault(r.prompt or example.prompt, len(prompts)) for r in example.responses]
        texts = [self._text(r.prompt or example.prompt, r.text) for r in example.responses]
        ids = self._tokenise(texts)
        whole = [self._prompt_ids(ids[t]) for t in texts]
        shared = [_shared([w for w, p in zip(whole, prompt_of, strict=True) if p == i]) for i in range(len(prompts))]
        heads = [next(w for w, p in zip(whole, prompt_of, strict=True) if p == i)[:n] for i, n in enumerate(shared)]
        tails = [w[shared[p] :] for w, p in zip(whole, prompt_of, strict=True)]
        if max(map(len, heads)) + max(map(len, tails)) > self.longest:
            heads, tails = self._truncate(heads, prompt_of, tails)
        return Encoded(example, tuple(heads), tuple(prompt_of), tuple(tails))

    def _text(self, prompt: Prompt, response: str) -> str:
        turns = [{"role": m.role, "content": m.content} for m in prompt]
        turns.append({"role": "assistant", "content": response})
        try:
            return self.tokenizer.apply_chat_template(turns, tokenize=False)
        except Exception as error:
            roles = ", ".join(m["role"] for m in turns)
            raise ModelError(
                f"the reward model's chat template refuses a conversation with the turns {roles}: {error}"
            ) from error


def _shared(rows: Sequence[tuple[int, ...]]) -> int:
    """How many tokens all rows begin with alike, leaving at least one for each to end with; at least 1."""
    count = 0
    for column in zip(*(row[:-1] for row in rows), strict=False):
        if len(set(column)) > 1:
            break
        count += 1
    if not count:
        raise ModelError("a conversation has fewer than two tokens in the reward model's chat template")
    return count
