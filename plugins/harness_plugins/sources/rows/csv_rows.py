"""Rows of comma-separated (or, in `.tsv`, tab-separated) values."""

from __future__ import annotations

import csv
import sys
from collections.abc import Generator
from contextlib import contextmanager
from io import BufferedReader, TextIOWrapper

from harness_plugins.sources.rows.row import Dropped, Row


def csv_rows(handle: BufferedReader, name: str) -> list[Row | Dropped]:
    r"""One row a record, after a header line. Every value is text; a quoted field may hold line ends.

    Bytes that are not UTF-8 stay in the text as lone surrogates, so that the record they stand in keeps its limits;
    whoever reads that text refuses it.

    Raises:
        ValueError: the header is missing, broken, or names a column twice.
    """
    lines = TextIOWrapper(handle, "utf-8-sig", errors="surrogateescape", newline="")
    plain_name = name.lower().removesuffix(".gz")
    with _long_fields():
        reader = csv.reader(lines, strict=True, delimiter="\t" if plain_name.endswith(".tsv") else ",")
        try:
            header = [column.strip() for column in next(reader, [])]
        except csv.Error as error:
            raise ValueError(f"its header is broken: {error}") from error
        twice = sorted({column for column in header if header.count(column) > 1})
        if twice:
            raise ValueError(f"its header names a column twice: {', '.join(twice)}")
        rows: list[Row | Dropped] = []
        while True:
            first = reader.line_num + 1
            try:
                values = next(reader)
            except StopIteration:
                return rows
            except csv.Error as error:
                lines_read = f"{first}" if reader.line_num == first else f"{first}-{reader.line_num}"
                rows.append(Dropped(f"{name}:{lines_read}", "broken quoting", str(error)))
                continue
            if values:
                rows.append(_row(header, values, f"{name}:{first}"))


def _row(header: list[str], values: list[str], where: str) -> Row | Dropped:
    if len(values) != len(header):
        return Dropped(where, "number of fields differs from the header's", f"{len(values)}, not {len(header)}")
    return Row(where, dict(zip(header, values, strict=True)))


@contextmanager
def _long_fields() -> Generator[None]:
    """Let fields be longer than csv's 131,072 characters: the limit is one of the process, so put it back."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)
