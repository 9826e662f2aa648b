"""Which files a path names, of which format, and what their bytes are."""

from __future__ import annotations

import glob
import os
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


def locate(path: str) -> tuple[DataFile, ...]:
    """The files that `path` names (a file, a folder or a glob pattern), sorted.

    Hidden files, and in folders and patterns files of other formats, are left out.

    Raises:
        DataError: no path is given, nothing is there, or the files are of unknown or of several formats.
    """
    if not path:
        raise DataError("no file is named", fix="set data.path to a file, a folder or a glob pattern of preferences")
    found = [p.absolute() for p in _candidates(path)]
    formats: dict[Path, Format] = {p: f for p in found if (f := format_of(p)) is not None}
    if not formats:
        what = "has an unknown format" if Path(path).is_file() else "names no file that can be read"
        raise DataError(what, fix=f"name a file that ends in {', '.join(FORMATS)}, with or without .gz", where=path)
    if len(set(formats.values())) > 1:
        raise DataError(
            f"names files of several formats: {', '.join(sorted(set(formats.values())))}",
            fix="name the files of one format with a pattern such as FOLDER/*.jsonl",
            where=path,
        )
    base = os.path.commonpath([p.parent for p in formats])
    return tuple(DataFile(p, p.relative_to(base).as_posix(), f) for p, f in formats.items())


def _candidates(path: str) -> list[Path]:
    place = Path(path)
    try:
        if place.is_file():
            return [place]
        if place.is_dir():
            found = place.iterdir()
        elif glob.has_magic(path):
            found = (Path(p) for p in glob.iglob(path, recursive=True))  # noqa: PTH207  # absolute patterns too
        else:
            raise DataError("there is no such file or folder", fix="check data.path", where=path)
        return sorted(p for p in found if p.is_file() and not p.name.startswith("."))
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be opened: {error}", fix="check data.path", where=path) from error


def content_digest(path: Path) -> str:
    """Digest of a file's bytes, computed again only when the file changes.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        state = path.stat()
        return _content_digest(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise DataError(f"cannot be read: {error}", fix="check data.path", where=str(path)) from error


@lru_cache(maxsize=256)
def _content_digest(path: Path, _changed: int, _size: int) -> str:
    return file_digest(path)
