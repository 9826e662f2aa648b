"""A board as JSON and back. The keys are the field names of `harness.board`."""

from __future__ import annotations

import json
from functools import lru_cache
from json.encoder import encode_basestring
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from harness.board import Board
from harness.errors import StoreError
from harness.render.visible import escaped
from harness.upgrades import upgrade_board

FILE = "leaderboard.json"
VOLATILE = ("seconds", "cpu_seconds", "peak_bytes")
"""Fields of a cost that differ between two runs of the same suite."""


@lru_cache(maxsize=1)
def _form() -> TypeAdapter[Board]:
    return TypeAdapter(Board)


def plain_board(board: Board) -> dict[str, Any]:
    """The board as plain data."""
    return _form().dump_python(board, mode="json")


def json_text(board: Board) -> str:
    """The board as JSON; equal boards give equal bytes."""
    return escaped(_indented(plain_board(board), "\n")) + "\n"


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def _indented(value: Any, line: str) -> str:
    """As `json.dumps` with an indent of 1, which leaves its fast way where it indents.

    Args:
        line: what begins a line here.
    """
    inner = line + " "
    if isinstance(value, dict) and value:
        entries: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        parts = [f"{encode_basestring(key)}: {_indented(one, inner)}" for key, one in entries.items()]
        return "{" + inner + f",{inner}".join(parts) + line + "}"
    if isinstance(value, list) and value:
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        return "[" + inner + f",{inner}".join([_indented(one, inner) for one in items]) + line + "]"
    return encode_basestring(value) if isinstance(value, str) else _ENCODER.encode(value)


def stable_view(board_json: dict[str, Any]) -> dict[str, Any]:
    """The JSON of a board without times and memory: what two runs of one suite must agree in."""
    rows = [{**row, "cost": {part: _stable(cost) for part, cost in row["cost"].items()}} for row in board_json["rows"]]
    shared = [{**one, "cost": _stable(one["cost"])} for one in board_json["shared"]]
    return {**board_json, "rows": rows, "shared": shared}


def _stable(cost: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if cost is None else {name: value for name, value in cost.items() if name not in VOLATILE}


def read_board(path: Path) -> Board:
    """The board of a `leaderboard.json`, or of the folder that holds one.

    Raises:
        StoreError: there is none, it is of a newer release, or it cannot be read.
    """
    file = path / FILE if path.is_dir() else path
    try:
        return _form().validate_python(upgrade_board(json.loads(file.read_bytes())))
    except FileNotFoundError:
        raise StoreError(f"there is no {file}", fix="name a folder such as results/core") from None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"{file} cannot be read: {error}") from error
