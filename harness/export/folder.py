"""A folder that an export owns: replaced as a whole, and nobody else's ever touched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.errors import StoreError
from harness.store import runs

MARKER = "harness-export.json"
"""In a folder that an export made: what lies there."""


def exported_before(folder: Path) -> dict[str, Any]:
    """What the marker of a folder says; nothing where the folder is not there or empty.

    Raises:
        StoreError: something lies there that no export made.
    """
    try:
        read = json.loads((folder / MARKER).read_bytes())
        if isinstance(read, dict):
            return read
    except (FileNotFoundError, NotADirectoryError):
        if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
            return {}
    except (OSError, ValueError):
        pass
    raise StoreError(
        f"{folder} holds what no export made, and would be replaced", fix="name another --out, or empty it yourself"
    )


@contextmanager
def replaced(folder: Path) -> Generator[Path]:
    """A folder to write into, which takes the place of `folder` at the end; after an error, all is as it was.

    Raises:
        StoreError: it cannot be written.
    """
    _throw_away_leftovers(folder)
    partial, old = (folder.with_name(f".{folder.name}.{what}.{os.getpid()}") for what in ("new", "old"))
    try:
        partial.mkdir(parents=True)
        yield partial
        if folder.exists():
            folder.rename(old)
        partial.rename(folder)
    except OSError as error:
        raise StoreError(f"{folder} cannot be written: {error}", fix="make room or name another --out") from error
    finally:
        if old.exists() and not folder.exists():
            old.rename(folder)
        for left in (partial, old):
            shutil.rmtree(left, ignore_errors=True)


def write_marker(folder: Path, what: Mapping[str, Any]) -> None:
    """Say what lies in a folder."""
    (folder / MARKER).write_text(json.dumps(what, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _throw_away_leftovers(folder: Path) -> None:
    """Of processes that were killed."""
    for what in ("new", "old"):
        for left in folder.parent.glob(f".{folder.name}.{what}.*"):
            process = left.suffix[1:]
            if process.isdigit() and not runs(int(process)):
                if what == "old" and not folder.exists():
                    left.rename(folder)
                else:
                    shutil.rmtree(left, ignore_errors=True)
