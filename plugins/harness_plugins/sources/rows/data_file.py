"""A file of preferences: of which format it is, and what its bytes are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, TypeAlias

from harness.digest import file_digest
from harness.errors import DataError

Format: TypeAlias = Literal["JSON lines", "JSON", "CSV", "Parquet"]

FORMATS: Mapping[str, Format] = {
    ".jsonl": "JSON lines",
    ".ndjson": "JSON lines",
    ".json": "JSON",
    ".csv": "CSV",
    ".tsv": "CSV",
    ".parquet": "Parquet",
}
"""Format by the ending of a file's name, after `.gz` is taken off."""

MEND = "check that the file is there and may be read"


@dataclass(frozen=True)
class DataFile:
    """One file of examples."""

    path: Path
    name: str
    """How its rows are named: the part of the path that tells it from the other files."""
    format: Format

    @property
    def version(self) -> tuple[int, int]:
        """Changes when the file is written: time of the last change in nanoseconds, and size in bytes."""
        state = self.path.stat()
        return state.st_mtime_ns, state.st_size


def format_of(path: Path) -> Format | None:
    """The format that a file's name states; None where it states none that can be read."""
    name = path.name.lower().removesuffix(".gz")
    return FORMATS.get(Path(name).suffix)


def content_digest(path: Path) -> str:
    """Digest of a file's bytes, computed again only when the file changes.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        state = path.stat()
        return _content_digest(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise DataError(f"cannot be read: {error}", fix=MEND, where=str(path)) from error


@lru_cache(maxsize=256)
def _content_digest(path: Path, _changed: int, _size: int) -> str:
    return file_digest(path)
