"""Rows of files as AlpacaEval publishes them: JSON or JSON lines, plain or in gzip."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import harness

_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair: JSON can hold it, but it is no character, and nothing can encode it."""


def read_rows(path: str, texts: Sequence[str]) -> list[dict[str, Any]]:
    """The rows of a file, at least one, each with these texts.

    Raises:
        DataError: the file cannot be read, or a row lacks a text.
    """
    try:
        content = Path(path).read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        rows = _parsed(content.decode("utf-8-sig"))
    except (OSError, EOFError, ValueError, RecursionError, zlib.error) as error:
        raise harness.DataError(
            f"{path} cannot be read: {error}", fix="give JSON or JSON lines, plain or in gzip"
        ) from error
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not all(_is_text(row.get(text)) for text in texts):
            wanted = " and ".join(f"a text {text!r}" for text in texts)
            raise harness.DataError(
                f"a row is no object{' with ' if texts else ''}{wanted}",
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
