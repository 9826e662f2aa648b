"""Identity: canonical JSON of plain data, hashed. The one definition of "the same" in the harness."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Collection, Mapping
from json.encoder import encode_basestring
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


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def canonical(value: Plain) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, `1.0` and `1` told apart by type alone."""
    return _ENCODER.encode(value)


def digest(value: Any) -> str:
    """32 hexadecimal digits that name `value`; equal plain data have equal digests on every machine.

    Raises:
        TypeError: the value is not plain data.
        DataError: half of a surrogate pair stands in a text; no file can hold that.
    """
    return _named(canonical(plain(value)))


def _named(text: str) -> str:
    """The digest of plain data, from their canonical text."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        around = error.object[max(0, error.start - 40) : error.end + 40]
        raise DataError(
            f"half of a surrogate pair, which is no character, stands in the text {around!a}",
            fix="have whatever wrote it, such as the source of the examples, leave such texts out",
        ) from error
    return hashlib.sha256(content).hexdigest()[:32]


class Parts:
    """Digests of many mappings that have parts in common: each such part is written out once.

    A part is known by being the same object, so none may be changed once it was in a mapping.
    """

    def __init__(self) -> None:
        self._texts: dict[int, tuple[Any, str]] = {}
        """id() of a part -> the part, so that its id stays taken; its canonical text."""
        self._keys: dict[str, str] = {}

    def digest(self, whole: Mapping[str, Any]) -> str:
        """`digest` of a mapping. Raises as that does."""
        self._keys |= {key: canonical(key) + ":" for key in whole.keys() - self._keys.keys()}
        return _named("{" + ",".join([self._keys[key] + self._text(whole[key]) for key in sorted(whole)]) + "}")

    def _text(self, part: Any) -> str:
        if type(part) is str:  # digests, mostly: no two are the same object
            return encode_basestring(part)
        known = self._texts.get(id(part))
        if known is None:
            known = self._texts[id(part)] = (part, canonical(plain(part)))
        return known[1]


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
