"""What is asked and what answers are compared with: prompts, each with a reference output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import harness
from harness.digest import digest
from harness_plugins.evaluators.alpaca_eval.rows import read_rows
from harness_plugins.evaluators.prompts import distinct_prompts, shown


@dataclass(frozen=True)
class Question:
    """One prompt, and what its answer is compared with."""

    item: str
    prompt: harness.Prompt
    reference: str


def held_out(examples: Sequence[harness.Example], most: int) -> dict[str, harness.Prompt]:
    """At most `most` different held-out prompts, each under the id of its first example."""
    return distinct_prompts(examples, most)


def from_file(path: str, most: int) -> dict[str, harness.Prompt]:
    """The different instructions of a file in its order, under their `id` where each has one of its own, else under
    their place, counted from 0. Of more than `most`, those with the smallest digests: a sample that stays.

    Raises:
        DataError: the file cannot be read.
    """
    rows = read_rows(path, ("instruction",))
    ids = [str(row.get("id", "")) for row in rows]
    if len(set(ids)) < len(ids) or "" in ids:
        ids = [str(place) for place in range(len(rows))]
    first: dict[str, str] = {}
    for item, row in zip(ids, rows, strict=True):
        first.setdefault(row["instruction"], item)
    taken = set(sorted(first, key=digest)[:most])
    return {item: harness.user_prompt(text) for text, item in first.items() if text in taken}


def places(path: str) -> dict[harness.Prompt, int]:
    """Where each instruction of a file stands, counted from 0."""
    found: dict[harness.Prompt, int] = {}
    for place, row in enumerate(read_rows(path, ("instruction",))):
        found.setdefault(harness.user_prompt(row["instruction"]), place)
    return found


def outputs(path: str) -> dict[str, str]:
    """Instruction -> output, of a file as AlpacaEval publishes them. The first of several counts.

    Raises:
        DataError: the file cannot be read.
    """
    found: dict[str, str] = {}
    for row in read_rows(path, ("instruction", "output")):
        found.setdefault(row["instruction"], row["output"])
    return found


def chosen(examples: Sequence[harness.Example]) -> dict[harness.Prompt, str]:
    """Per prompt, the chosen response of its first pair."""
    found: dict[harness.Prompt, str] = {}
    for example in examples:
        for pair in example.pairs:
            found.setdefault(example.prompt, example.responses[pair.chosen].text)
    return found


def questions(
    prompts: Mapping[str, harness.Prompt],
    by_prompt: Mapping[harness.Prompt, str],
    by_instruction: Mapping[str, str],
) -> list[Question]:
    """The prompts that have a reference."""
    made: list[Question] = []
    for item, prompt in prompts.items():
        reference = by_prompt.get(prompt, by_instruction.get(shown(prompt)))
        if reference is not None:
            made.append(Question(item, prompt, reference))
    return made
