"""Figures as a page carries them: each specification and each table of data once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness.figures import Figure
from harness.page.shared_parts import with_shared_parts

GROUPS = {
    "forest": "Differences to the baseline",
    "tradeoff": "Trade-offs",
    "seeds": "Every seed",
    "learning": "Learning curves",
    "budget": "Best of a budget",
    "history": "Accepted over time",
}
"""In the order of the page; a group it does not know comes last, under its own name."""


@dataclass(frozen=True)
class Group:
    """Figures of one kind, of which a page shows one at a time."""

    name: str
    title: str
    choices: tuple[tuple[int, str], ...]
    """(place among all figures, what the reader chooses)."""


def groups(figures: Sequence[Figure]) -> tuple[Group, ...]:
    """The groups that have figures."""
    found: dict[str, list[tuple[int, str]]] = {name: [] for name in GROUPS}
    for place, figure in enumerate(figures):
        found.setdefault(figure.group, []).append((place, figure.choice))
    return tuple(Group(name, GROUPS.get(name, name), tuple(some)) for name, some in found.items() if some)


def figure_data(figures: Sequence[Figure]) -> dict[str, Any]:
    """For the page's script."""
    tables: list[Any] = []
    known_tables: dict[int, int] = {}
    specs: list[Any] = []
    headings: list[Any] = []
    told: list[dict[str, Any]] = []
    for figure in figures:
        table = known_tables.setdefault(id(figure.data), len(tables))
        if table == len(tables):
            tables.append(figure.data)
        specs.append(figure.spec)
        headings.append(list(figure.headings.items()))
        words = {"name": figure.name, "title": figure.title, "caption": figure.caption, "alt": figure.alt}
        told.append({**words, "group": figure.group, "data": table})
    (specs, tables, headings), parts = with_shared_parts((specs, tables, headings))
    return {"figures": told, "specs": specs, "tables": tables, "headings": headings, "parts": parts}
