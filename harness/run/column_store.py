"""Columns on disk and back: one number per distinct (prompt, response), keyed by text and tokens."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from harness.engine.encoding import Encoded
from harness.examples import Example, Prompt

FILE = "column.safetensors"
TOGETHER = 32
"""Responses of one prompt that are computed together, at most: a prompt may have thousands."""


def response_keys(encoded: Encoded) -> list[bytes]:
    """Per response, 16 bytes that name its text, its prompt's text and the tokens that are left of both."""
    keys: list[bytes] = []
    example = encoded.example
    for response, ids, which in zip(example.responses, encoded.responses, encoded.prompt_of, strict=True):
        prompt = [[m.role, m.content] for m in response.prompt or example.prompt]
        told = json.dumps([prompt, response.text, encoded.prompts[which], ids], ensure_ascii=False)
        keys.append(hashlib.blake2b(told.encode(), digest_size=16).digest())
    return keys


def distinct(encoded: Iterable[Encoded]) -> list[Encoded]:
    """Examples that between them hold every distinct (prompt, response) once; one prompt's responses stand together."""
    seen: set[bytes] = set()
    grouped: dict[tuple[Prompt, tuple[int, ...]], list[tuple[Encoded, int]]] = {}
    for item in encoded:
        for index, key in enumerate(response_keys(item)):
            if key not in seen:
                seen.add(key)
                own = item.example.responses[index].prompt or item.example.prompt
                grouped.setdefault((own, item.prompts[item.prompt_of[index]]), []).append((item, index))
    return [
        _gather(own, members[at : at + TOGETHER])
        for (own, _), members in grouped.items()
        for at in range(0, len(members), TOGETHER)
    ]


def _gather(prompt: Prompt, members: Sequence[tuple[Encoded, int]]) -> Encoded:
    first, index = members[0]
    responses = tuple(item.example.responses[i] for item, i in members)
    return Encoded(
        example=Example(first.example.id, prompt, responses),
        prompts=(first.prompts[first.prompt_of[index]],),
        prompt_of=(0,) * len(members),
        responses=tuple(item.responses[i] for item, i in members),
    )


@dataclass
class ColumnValues:
    """The values of one column, as far as they are known."""

    known: dict[bytes, float] = field(default_factory=dict[bytes, float])

    @classmethod
    def read(cls, folder: Path) -> ColumnValues:
        """From a finished column step."""
        from safetensors.numpy import load_file

        stored = load_file(folder / FILE)
        keys = [row.tobytes() for row in stored["keys"]]
        return cls(dict(zip(keys, stored["values"].tolist(), strict=True)))

    def write(self, folder: Path) -> None:
        """To the payload of a column step; same values, same bytes."""
        from safetensors.numpy import save_file

        keys = sorted(self.known)
        table = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, 16)
        values = np.array([self.known[k] for k in keys], dtype=np.float32)
        save_file({"keys": table.copy(), "values": values}, folder / FILE)

    def add(self, encoded: Iterable[Encoded], compute: Callable[[list[Encoded]], list[np.ndarray]]) -> None:
        """Compute what is not known yet of these examples."""
        missing = distinct(encoded)
        missing = [e for e in missing if any(k not in self.known for k in response_keys(e))]
        if not missing:
            return
        for item, values in zip(missing, compute(missing), strict=True):
            self.learn(zip(response_keys(item), map(float, values), strict=True))

    def learn(self, values: Iterable[tuple[bytes, float]]) -> None:
        """Add what is not known; what is known stays, so that all rows read the same."""
        for key, value in values:
            self.known.setdefault(key, value)

    def part(self, encoded: Iterable[Encoded]) -> ColumnValues:
        """The values of these examples alone."""
        return ColumnValues({key: self.known[key] for item in encoded for key in response_keys(item)})

    def of(self, encoded: Iterable[Encoded]) -> list[np.ndarray]:
        """Per example, (K,) float32.

        Raises:
            KeyError: a response is not known; `add` it first.
        """
        return [np.array([self.known[k] for k in response_keys(e)], dtype=np.float32) for e in encoded]
