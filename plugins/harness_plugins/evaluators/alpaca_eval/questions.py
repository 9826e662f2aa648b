"""What is asked and what answers are compared with: prompts, each with a reference output."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import harness
from harness.digest import digest
from harness_plugins.evaluators.prompts import distinct_prompts, shown

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: JSON can hold it, but it is no character, and nothing can encode it."""


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
    rows = _rows(path, ("instruction",))
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
    for place, row in enumerate(_rows(path, ("instruction",))):
        found.setdefault(harness.user_prompt(row["instruction"]), place)
    return found


def outputs(path: str) -> dict[str, str]:
    """Instruction -> output, of a file as AlpacaEval publishes them. The first of several counts.

    Raises:
        DataError: the file cannot be read.
    """
    found: dict[str, str] = {}
    for row in _rows(path, ("instruction", "output")):
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


def _rows(path: str, texts: Sequence[str]) -> list[dict[str, Any]]:
    """JSON or JSON lines, plain or in gzip; each row with these texts."""
    try:
        content = Path(path).read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        rows = _parsed(content.decode("utf-8-sig"))
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise harness.DataError(
            f"{path} cannot be read: {error}", fix="give JSON or JSON lines, plain or in gzip"
        ) from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not all(_is_text(row.get(text)) for text in texts):
            raise harness.DataError(
                "a row is no object with " + " and ".join(f"a text {text!r}" for text in texts),
                where=f"{path}:{number}",
                fix="give rows as AlpacaEval publishes them",
            )
    if not rows:
        raise harness.DataError(f"{path} holds no row")
    return rows


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not _HALF.search(value)


def _parsed(text: str) -> list[Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    return document if isinstance(document, list) else [document]
