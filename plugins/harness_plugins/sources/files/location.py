"""Which files a path names."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from harness.errors import DataError
from harness_plugins.sources.rows.data_file import FORMATS, DataFile, Format, format_of


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
