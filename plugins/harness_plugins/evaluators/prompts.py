"""Held-out prompts as evaluators that have them answered use them: each once, and as people read them."""

from __future__ import annotations

from collections.abc import Sequence

import harness
from harness.digest import digest


def distinct_prompts(examples: Sequence[harness.Example], most: int) -> dict[str, harness.Prompt]:
    """At most `most` different prompts, each under the id of its first example.

    They are taken in the order of a digest of their text: a fixed sample that no seed and no neighbour in a file
    decides, and that changes little when rows are added.
    """
    first: dict[harness.Prompt, str] = {}
    for example in examples:
        first.setdefault(example.prompt, example.id)
    ordered = sorted(first, key=digest)
    return {first[prompt]: prompt for prompt in ordered[:most]}


def shown(prompt: harness.Prompt) -> str:
    """A prompt as people read it: the text of a single user turn, else one `role: text` block a turn."""
    if len(prompt) == 1 and prompt[0].role == "user":
        return prompt[0].content
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in prompt)
