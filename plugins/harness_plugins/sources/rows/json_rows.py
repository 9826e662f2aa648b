"""Rows of JSON lines and of JSON documents."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from io import BufferedReader
from typing import Any

from harness_plugins.sources.rows.row import Dropped, Row

ROW_LISTS = ("data", "rows", "examples", "instances")
"""Keys of a JSON document under which its rows may stand."""

_BOM = b"\xef\xbb\xbf"


def json_lines(handle: BufferedReader, name: str) -> Iterator[Row | Dropped]:
    """One object a line; blank lines are no rows. Line ends may be those of Unix or of Windows."""
    for number, line in enumerate(handle, 1):
        content = line.removeprefix(_BOM) if number == 1 else line
        if content.strip():
            yield _line(content, f"{name}:{number}")


def json_rows(handle: BufferedReader, name: str) -> Iterable[Row | Dropped]:
    """An array of objects, or an object that holds one under a key of `ROW_LISTS`; rows are numbered from 1.

    A document that is really JSON lines is read as such.

    Raises:
        ValueError: it is neither.
    """
    content = handle.read().removeprefix(_BOM)
    try:
        document: Any = json.loads(content.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        lines = list(_lines(content, name))
        if lines and isinstance(lines[0], Row):
            return lines
        raise ValueError(str(error)) from error
    if isinstance(document, dict):
        keyed: dict[str, Any] = document
        document = next((keyed[key] for key in ROW_LISTS if isinstance(keyed.get(key), list)), [keyed])
    if not isinstance(document, list):
        raise ValueError("it is neither an array nor an object")  # noqa: TRY004  # about a file, not about an argument
    items: list[Any] = document
    return [_object(item, f"{name}:{number}") for number, item in enumerate(items, 1)]


def _lines(content: bytes, name: str) -> Iterator[Row | Dropped]:
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            yield _line(line, f"{name}:{number}")


def _line(line: bytes, where: str) -> Row | Dropped:
    try:
        return _object(json.loads(line.decode("utf-8")), where)
    except UnicodeDecodeError as error:
        return Dropped(where, "not UTF-8", f"byte {error.start + 1}")
    except json.JSONDecodeError as error:
        return Dropped(where, "not JSON", f"column {error.colno}: {error.msg}")
    except RecursionError:
        return Dropped(where, "JSON nested too deeply")
    except ValueError as error:
        return Dropped(where, "not JSON", str(error))


def _object(value: Any, where: str) -> Row | Dropped:
    return Row(where, value) if isinstance(value, dict) else Dropped(where, "not a JSON object")
