"""Files to rows. A broken row is kept as `Dropped`; a file that is broken as a whole is an error."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable, Mapping
from io import BufferedReader
from pathlib import Path
from typing import TypeAlias

from harness.errors import DataError
from harness_plugins.sources.rows.csv_rows import csv_rows
from harness_plugins.sources.rows.data_file import MEND, DataFile, Format
from harness_plugins.sources.rows.json_rows import json_lines, json_rows
from harness_plugins.sources.rows.parquet_rows import parquet_rows
from harness_plugins.sources.rows.row import Dropped, Row

Reader: TypeAlias = Callable[[BufferedReader, str], Iterable[Row | Dropped]]

READERS: Mapping[Format, Reader] = {
    "JSON lines": json_lines,
    "JSON": json_rows,
    "CSV": csv_rows,
    "Parquet": parquet_rows,
}

_GZIP = b"\x1f\x8b"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(file: DataFile) -> list[Row | Dropped]:
    """The rows of a file in their order, those that cannot be read among them.

    Whether a file is gzipped is seen from its content, not from its name. Text must be UTF-8; a byte order mark at its
    start is skipped.

    Raises:
        DataError: the file as a whole cannot be read, or holds no row.
    """
    try:
        with _opened(file.path) as handle:
            if handle.peek(2)[:2] in _UTF_16:
                raise DataError("is UTF-16 text", fix="convert it to UTF-8", where=str(file.path))
            rows = list(READERS[file.format](handle, file.name))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(
            f"is a gzip file that is cut short or damaged: {error}", fix="fetch it again", where=str(file.path)
        ) from error
    except OSError as error:
        raise DataError(f"cannot be read: {error}", fix=MEND, where=str(file.path)) from error
    except ValueError as error:
        raise DataError(
            f"cannot be read as {file.format}: {error}",
            fix="mend it, or let its name end as its format asks",
            where=str(file.path),
        ) from error
    if not rows:
        raise DataError("holds no row", fix="name a file that has examples", where=str(file.path))
    return rows


def _opened(path: Path) -> BufferedReader:
    """The file's content as bytes, unzipped where it is gzipped."""
    with path.open("rb") as handle:
        zipped = handle.read(2) == _GZIP
    return BufferedReader(gzip.GzipFile(path)) if zipped else path.open("rb")
