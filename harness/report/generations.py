"""`generations.jsonl` of an evaluation: what a policy answered to each item. Lines that cannot be read are left out."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from harness.report.files import payload
from harness.store import Store

FILE = "generations.jsonl"

_ITEM = re.compile(rb'\s*\{\s*"item"\s*:\s*("(?:[^"\\]|\\.)*")')
"""How a line begins as the harness writes it: the rest need not be parsed to know whose it is."""


@dataclass(frozen=True)
class Written:
    """One answer, with what was asked."""

    prompt: str
    response: str
    finished: bool


def content_of(stores: Sequence[Store], digest: str) -> bytes:
    """The file of a step; empty where there is none."""
    path = payload(stores, digest, FILE)
    try:
        return path.read_bytes() if path else b""
    except OSError:
        return b""


def items_of(content: bytes) -> set[str]:
    """Ids of the items that are answered."""
    return {item for item, _ in _lines(content)}


def answers_of(content: bytes, wanted: Collection[str]) -> dict[str, Written]:
    """The first answer to each of the wanted items."""
    found = {item: written for item in wanted if (written := _sought(content, item))}
    if len(found) == len(wanted):
        return found
    found = {}
    for item, line in _lines(content):
        if item in wanted and item not in found and (written := _written(_json(line))):
            found[item] = written
    return found


def _sought(content: bytes, item: str) -> Written | None:
    """The answer on the first line that begins with the item as the harness writes it; such a beginning stands nowhere
    else, as quotes within texts are escaped. None where there is no such line, or it cannot be read.
    """
    start = content.find(b'{"item": ' + json.dumps(item, ensure_ascii=False).encode(errors="replace") + b",")
    if start < 0:
        return None
    end = content.find(b"\n", start)
    return _written(_json(content[start : end if end >= 0 else None]))


def _lines(content: bytes) -> Iterator[tuple[str, bytes]]:
    for line in content.split(b"\n"):
        begun = _ITEM.match(line)
        item = _string(begun[1]) if begun else _field(_json(line), "item")
        if isinstance(item, str):
            yield item, line


def _string(text: bytes) -> Any:
    """Of a JSON string; most need no parser."""
    return _json(text) if b"\\" in text or not text.isascii() else text[1:-1].decode()


def _written(line: Any) -> Written | None:
    prompt, response = _field(line, "prompt"), _field(line, "response")
    if not isinstance(prompt, str) or not isinstance(response, str):
        return None
    return Written(prompt, response, _field(line, "finished") is not False)


def _field(line: Any, name: str) -> Any:
    return line.get(name) if isinstance(line, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
