"""Names from outside made fit for figures: one line, no two alike, file names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from harness.board import Board, Heading
from harness.figures.words import shown_as
from harness.render.numbers import arrow

LONGEST = 60
"""Characters of a label in a figure."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def distinct(names: Iterable[str]) -> dict[str, str]:
    """Name -> how it stands in figures: on one line, cut, and numbered where two names would look the same."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = shown = shown_as(name, LONGEST) or "(no name)"
        number = 1
        while shown in taken:
            number += 1
            shown = f"{plain} ({number})"
        taken.add(shown)
        found[name] = shown
    return found


def row_names(board: Board) -> Mapping[str, str]:
    """Label of a row -> how it stands in figures, in the order of the board."""
    return distinct(row.label for row in board.rows)


class Slugs:
    """Gives out names of files, each once; those that differ in case only count as the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, group: str, *names: str) -> str:
        """`forest-truth-reward`: ASCII letters, digits and `._-`, at most 100 characters."""
        parts = (_UNSAFE.sub("-", name).strip("-.") for name in (group, *names))
        plain = slug = "-".join(part for part in parts if part)[:90].rstrip("-.")
        number = 1
        while slug.lower() in self._taken:
            number += 1
            slug = f"{plain}-{number}"
        self._taken.add(slug.lower())
        return slug


def metric_title(heading: Heading) -> str:
    """`truth/reward ↑ (reward)`: the metric, which way is better, its unit."""
    parts = [shown_as(heading.name, LONGEST), arrow(heading.higher_is_better)]
    if heading.unit and heading.unit != heading.name.rpartition("/")[2]:
        parts.append(f"({shown_as(heading.unit, 20)})")
    return " ".join(part for part in parts if part)
