"""An entry under `methods` or `evaluators`, made ready, with what later errors need to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from harness.digest import Plain
from harness.suite.node import Place
from harness.suite.suite import EvaluatorEntry, Row

Kind = TypeVar("Kind", Row, EvaluatorEntry)


@dataclass(frozen=True)
class Entry(Generic[Kind]):
    """One entry of the suite, made ready."""

    made: Kind
    stem: str
    """The label without what a grid adds."""
    place: Place
    written: dict[str, Plain]
    """The entry with every default filled in, as a suite would write it."""
    init: str | None = None
    """Of a row: what it says it starts from."""

    @property
    def names(self) -> frozenset[str]:
        """What may be said to mean this entry: its label, without what a budget adds, and without what a grid adds."""
        return frozenset({self.made.label, str(self.written["label"]), self.stem})
