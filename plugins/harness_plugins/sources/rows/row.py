"""A row as a file holds it, and a row that cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file. `where` names it for people: `file:line`, or `file:row` where the format has no lines."""

    where: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dropped:
    """A row that cannot be used. Rows are counted by `reason`; `detail` says more about this one."""

    where: str
    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}" + (f" ({self.detail})" if self.detail else "")


class Unusable(Exception):
    """Raised while a row is read: it cannot be used, for a reason that many rows may share."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason, self.detail = reason, detail
        super().__init__(reason)
