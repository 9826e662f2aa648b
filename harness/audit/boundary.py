"""Whether the end of a prompt and the beginning of its response keep their tokens where both are one text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.engine.encoding import Encoder
from harness.examples import Example

WINDOW = 64
"""Characters on each side of the boundary: more than any token has, so that what lies beyond makes no difference."""


def mismatches(encoder: Encoder, examples: Sequence[Example]) -> list[int]:
    """Per example, how many responses would have other tokens, or their prompt would, if read together.

    The engine reads the two apart, as a policy that is sampled from does. An empty prompt or response has no boundary.
    """
    sides = [[_sides(encoder, example, i) for i in range(len(example.responses))] for example in examples]
    texts = {text for of_example in sides for a, b in of_example if a and b for text in (a, b, a + b)}
    ids = _tokens(encoder.tokenizer, sorted(texts))
    return [sum(bool(a and b) and ids[a] + ids[b] != ids[a + b] for a, b in of_example) for of_example in sides]


def _sides(encoder: Encoder, example: Example, index: int) -> tuple[str, str]:
    response = example.responses[index]
    return encoder.prompt_text(response.prompt or example.prompt)[-WINDOW:], response.text[:WINDOW]


def _tokens(tokenizer: Any, texts: Sequence[str]) -> dict[str, list[int]]:
    if not texts:
        return {}
    found = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return dict(zip(texts, found, strict=True))
