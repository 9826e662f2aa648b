"""Rows of Parquet files."""

from __future__ import annotations

import io
from collections.abc import Iterator
from io import BufferedReader
from typing import Any

from harness_plugins.sources.rows.row import Dropped, Row

_ROWS_AT_ONCE = 1024


def parquet_rows(handle: BufferedReader, name: str) -> Iterator[Row | Dropped]:
    """One row a row, numbered from 1.

    Raises:
        ValueError: it is no Parquet file.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(handle.read()))
        number = 0
        for batch in file.iter_batches(_ROWS_AT_ONCE):
            for values in _decoded(batch):
                number += 1
                where = f"{name}:{number}"
                yield Dropped(where, "not UTF-8") if values is None else Row(where, values)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _decoded(batch: Any) -> list[dict[str, Any] | None]:
    """The rows of a batch; None for one whose text is not UTF-8."""
    try:
        return batch.to_pylist()
    except UnicodeDecodeError:
        return [_decoded_alone(batch.slice(i, 1)) for i in range(batch.num_rows)]


def _decoded_alone(row: Any) -> dict[str, Any] | None:
    try:
        return row.to_pylist()[0]
    except UnicodeDecodeError:
        return None
