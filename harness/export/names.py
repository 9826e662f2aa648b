"""Names that a tracker takes: labels, options and metrics come from outside and may hold anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from harness.digest import digest

SUFFIX = 8
"""Digits of a digest at the end of a name that would otherwise be another's."""


@dataclass(frozen=True)
class Alphabet:
    """What a tracker allows in a name."""

    illegal: re.Pattern[str]
    """One character that it refuses."""
    longest: int
    """Characters."""


PATHS = Alphabet(re.compile(r"[^A-Za-z0-9_./ :-]"), 200)
"""Names that are paths in a tracker: metrics and parameters."""
FOLDERS = Alphabet(re.compile(r"[^A-Za-z0-9_. -]"), 80)
"""Names of one folder."""


def legal(wanted: Mapping[str, str], alphabet: Alphabet) -> dict[str, str]:
    """Names that are all different, also where letters' case is not told apart.

    Args:
        wanted: what is named, by anything that tells it apart -> what it would be called if everything were allowed.
            Those that can keep their names keep them; among others, those that come first are served first.
        alphabet: what is allowed.
    """
    cleaned = {key: _cleaned(name, alphabet) for key, name in wanted.items()}
    found: dict[str, str] = {}
    taken: set[str] = set()
    for key in sorted(wanted, key=lambda key: cleaned[key] != wanted[key]):  # stable: of equals, the first comes first
        name = cleaned[key]
        text = (
            digest([key, wanted[key].encode("utf-8", "backslashreplace").decode()]) if name.casefold() in taken else ""
        )
        for digits in range(SUFFIX, len(text) + 1):
            name = f"{cleaned[key][: alphabet.longest - digits - 1]}-{text[:digits]}"
            if name.casefold() not in taken:
                break
        taken.add(name.casefold())
        found[key] = name
    return found


def _cleaned(name: str, alphabet: Alphabet) -> str:
    """Without what is refused; no part between slashes is empty, a dot or two, and none begins or ends with a space."""
    kept = _parts(name, alphabet)
    return kept if len(kept) <= alphabet.longest else _parts(kept[: alphabet.longest], alphabet)


def _parts(name: str, alphabet: Alphabet) -> str:
    parts = [name] if alphabet.illegal.match("/") else name.split("/")
    return "/".join(_part(part, alphabet.illegal) for part in parts)


def _part(part: str, illegal: re.Pattern[str]) -> str:
    allowed = illegal.sub("_", part).strip()
    if allowed != part:
        allowed = re.sub(r"__+", "_", allowed).rstrip("_")
    if allowed.startswith(".."):
        allowed = "_" + allowed.lstrip(".")
    return allowed if allowed.strip(".") else "_"
