"""Held-out prompts as evaluators use them: each once, as groups of items, and as people read them."""

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


def prompt_groups(prompts: Sequence[harness.Prompt]) -> tuple[str, ...] | None:
    """Per item, a short digest of its prompt: what `Figure.clusters` is where items share prompts.

    Only equal prompts make a group; a prompt that was lightly edited is another one. None where every prompt occurs
    once, so that every item stands for itself.
    """
    distinct = set(prompts)
    if len(distinct) == len(prompts):
        return None
    named = {prompt: digest(prompt)[:12] for prompt in distinct}
    return tuple(named[prompt] for prompt in prompts)


def shown(prompt: harness.Prompt) -> str:
    """A prompt as people read it: the text of a single user turn, else one `role: text` block a turn."""
    if len(prompt) == 1 and prompt[0].role == "user":
        return prompt[0].content
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in prompt)
