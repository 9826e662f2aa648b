"""Values per item as text, exactly: the bytes of an array, compressed, in base64."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Sequence
from typing import Any, Literal, TypeAlias, cast

import numpy as np

from harness.baseline_records import PackedItems
from harness.errors import StoreError
from harness.statistics.parts import Array

ItemType: TypeAlias = Literal["f8", "f4", "i1"]
SMALLEST_FIRST: tuple[ItemType, ...] = ("i1", "f4", "f8")
LEVEL = 9
"""Of zlib: a baseline is written once and kept in a repository."""
BACK = "take it from version control, or delete it and write it again with `harness accept`"
"""What to do about a baseline that cannot be read."""


def pack_values(values: Array) -> tuple[ItemType, str]:
    """The smallest type that holds every value exactly, and the array as text; the sign of a zero is kept.

    Args:
        values: (seeds, items), finite.
    """
    for name in SMALLEST_FIRST:
        with np.errstate(over="ignore", invalid="ignore"):  # a value too large for the type is told by what comes back
            small = values.astype(f"<{name}")
        if small.astype(np.float64).tobytes() == values.tobytes():
            return name, _text(small.tobytes())
    raise AssertionError("float64 holds every float64")


def unpack_values(text: str, dtype: ItemType, seeds: int, items: int) -> Array:
    """(seeds, items) what `pack_values` was given.

    Raises:
        StoreError: the text is damaged, or holds another number of values.
    """
    size = np.dtype(f"<{dtype}").itemsize
    raw = _bytes(text, seeds * items * size)
    if len(raw) != seeds * items * size:
        told = f"{len(raw):,} bytes of values where {seeds} x {items:,} values take {seeds * items * size:,}"
        raise StoreError(told, fix=BACK)
    found = np.frombuffer(raw, dtype=f"<{dtype}").astype(np.float64).reshape(seeds, items)
    if not np.isfinite(found).all():
        raise StoreError("a value per item is no finite number", fix=BACK)
    return found


def pack_items(ids: Sequence[str]) -> PackedItems:
    """Ids as text."""
    return PackedItems(n=len(ids), packed=_text(json.dumps(list(ids), separators=(",", ":")).encode()))


def unpack_items(packed: PackedItems) -> tuple[str, ...]:
    """What `pack_items` was given.

    Raises:
        StoreError: the text is damaged, or holds another number of ids.
    """
    try:
        found: Any = json.loads(_bytes(packed.packed, None))
    except (ValueError, RecursionError) as error:
        raise StoreError(f"ids of items are no JSON: {error}", fix=BACK) from error
    listed = cast("list[Any]", found) if isinstance(found, list) else []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in listed):
        raise StoreError("ids of items are no list of texts", fix=BACK)
    if len(listed) != packed.n:
        raise StoreError(f"{len(listed):,} ids of items where {packed.n:,} are announced", fix=BACK)
    return tuple(listed)


def _text(raw: bytes) -> str:
    return base64.b64encode(zlib.compress(raw, LEVEL)).decode()


def _bytes(text: str, size: int | None) -> bytes:
    """What `_text` was given. Not more than one byte beyond `size`, where that is known, is ever unpacked."""
    try:
        unpacker = zlib.decompressobj()
        found = unpacker.decompress(base64.b64decode(text, validate=True), 0 if size is None else size + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise StoreError(f"packed values are damaged: {error}", fix=BACK) from error
    if not unpacker.eof and (size is None or len(found) <= size):
        raise StoreError("packed values are cut short", fix=BACK)
    return found
