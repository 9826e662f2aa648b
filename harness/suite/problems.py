"""Everything that is wrong with a suite, gathered so that one error tells it all."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.errors import HarnessError, SuiteError
from harness.suite.node import Place

MOST_SHOWN = 50


@dataclass
class Problems:
    """A growing list of problems, each with its place; a problem found twice stands there once."""

    _found: dict[tuple[Place, str], str] = field(default_factory=dict[tuple[Place, str], str])
    """(place, problem) -> what to do about it."""

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, place: Place, problem: str, *, fix: str = "") -> None:
        """Note that `problem`, a clause without a full stop, stands at `place`."""
        self._found.setdefault((place, problem), fix)

    def take(self, place: Place, error: HarnessError) -> None:
        """Note what an error says, at `place`."""
        self.add(place, error.problem, fix=error.fix)

    def raise_any(self) -> None:
        """Raise one error that lists all problems, by file and line; do nothing where there is none."""
        if not self._found:
            return
        ordered = sorted(self._found.items(), key=lambda item: _reading_order(item[0][0]))
        if len(ordered) == 1:
            ((place, problem), fix) = ordered[0]
            raise SuiteError(problem, fix=fix, where=place.where)
        lines = [str(SuiteError(problem, fix=fix, where=place.where)) for (place, problem), fix in ordered[:MOST_SHOWN]]
        if len(ordered) > MOST_SHOWN:
            lines.append(f"and {len(ordered) - MOST_SHOWN:,} more")
        listed = "\n".join(lines).replace("\n", "\n  ")
        raise SuiteError(f"{len(ordered):,} things are wrong with the suite\n  {listed}")


def _reading_order(place: Place) -> tuple[str, int]:
    """The command line first, as it was typed; then files from top to bottom."""
    return ("", 0) if place.line is None else (place.source, place.line)
