"""Identity: canonical JSON of plain data, hashed. The one definition of "the same" in the harness."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from harness.errors import DataError

Plain: TypeAlias = "None | bool | int | float | str | list[Plain] | dict[str, Plain]"
"""What may be part of an identity or a record."""


def plain(value: Any) -> Plain:
    """`value` as plain data: dataclasses and mappings become dicts, sequences lists.

    Raises:
        TypeError: the value is not plain data, or holds NaN or an infinity.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise TypeError(f"{value} is not plain data: only finite numbers are")
        return value
    if isinstance(value, Mapping):
        items: Mapping[Any, Any] = value
        return {str(key): plain(item) for key, item in items.items()}
    if isinstance(value, frozenset | set):
        return sorted((plain(item) for item in value), key=canonical)  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]  # pyright: ignore[reportUnknownVariableType]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    raise TypeError(f"{type(value).__name__} is not plain data: {value!r}")


def canonical(value: Plain) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, `1.0` and `1` told apart by type alone."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(value: Any) -> str:
    """32 hexadecimal digits that name `value`; equal plain data have equal digests on every machine.

    Raises:
        TypeError: the value is not plain data.
        DataError: half of a surrogate pair stands in a text; no file can hold that.
    """
    try:
        content = canonical(plain(value)).encode()
    except UnicodeEncodeError as error:
        around = error.object[max(0, error.start - 40) : error.end + 40]
        raise DataError(
            f"half of a surrogate pair, which is no character, stands in the text {around!a}",
            fix="have whatever wrote it, such as the source of the examples, leave such texts out",
        ) from error
    return hashlib.sha256(content).hexdigest()[:32]


def file_digest(path: Path) -> str:
    """32 hexadecimal digits that name a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()[:32]


def changed_options(configured: Any, but: Collection[str] = ()) -> dict[str, Plain]:
    """The fields of a dataclass that differ from their defaults, but for some, as plain data.

    Options at their default stay out of an identity, so that a new option changes no old digest.
    """
    changed: dict[str, Plain] = {}
    for field in dataclasses.fields(configured):
        if field.name in but:
            continue
        value = getattr(configured, field.name)
        default: Any = dataclasses.MISSING
        if field.default is not dataclasses.MISSING:
            default = field.default
        elif field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        if default is dataclasses.MISSING or value != default:
            changed[field.name] = plain(value)
    return changed
