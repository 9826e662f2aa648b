"""Which column of the files holds what: the usual names, and those that a suite maps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import DataError, nearest

USUAL: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt", "instruction", "question", "query"),
    "input": ("input",),
    "system": ("system",),
    "history": ("history",),
    "messages": ("messages", "conversations", "conversation"),
    "chosen": ("chosen",),
    "rejected": ("rejected",),
    "chosen_source": ("chosen_source", "chosen_model"),
    "rejected_source": ("rejected_source", "rejected_model"),
    "chosen_score": ("chosen_score", "score_chosen", "chosen_rating"),
    "rejected_score": ("rejected_score", "score_rejected", "rejected_rating"),
    "share": ("share", "p_chosen"),
    "votes": ("votes",),
    "candidates": ("candidates", "completions", "responses"),
    "sources": ("sources", "models"),
    "scores": ("scores", "rewards", "ratings"),
    "response": ("response", "completion", "text", "output", "content", "answer"),
    "response_source": ("response_source", "model"),
    "source": ("source", "model", "generator"),
    "score": ("score", "overall_score", "reward", "rating"),
    "label": ("label",),
    "subset": ("subset", "dataset"),
    "id": (),
}
"""Our name -> the names it is looked up by, in this order. `response`, `source` and `score` also name the keys of a
candidate. An `id` is used only where it is mapped, because a column of that name need not hold unique values."""


@dataclass(frozen=True)
class Columns:
    """How to find things in rows."""

    mapped: Mapping[str, str]
    """Our name -> the files' name."""

    @classmethod
    def of(cls, option: Mapping[str, str]) -> Columns:
        """Check the option `columns`. Any usual name stands for ours where it means one thing only.

        Raises:
            DataError: a name is unknown, or two names mean the same.
        """
        mapped: dict[str, str] = {}
        for name, column in option.items():
            ours = [name] if name in USUAL else [our for our, usual in USUAL.items() if name in usual]
            if len(ours) != 1:
                raise DataError(
                    f"{name!r} is not one of our names of columns; {nearest(name, USUAL)}",
                    fix="write our name on the left and the files' name on the right",
                    where="data.columns",
                )
            if ours[0] in mapped:
                raise DataError(f"{ours[0]!r} is mapped twice", fix="map it once", where="data.columns")
            mapped[ours[0]] = column
        return cls(mapped)

    def find(self, our: str, values: Mapping[str, Any]) -> Any:
        """What a row or a candidate holds under our name; None if nothing."""
        column = self.column(our, values)
        return None if column is None else values[column]

    def column(self, our: str, values: Mapping[str, Any]) -> str | None:
        """The files' name under which a row or a candidate holds it; None if it does not."""
        names = (self.mapped[our],) if our in self.mapped else USUAL[our]
        return next((name for name in names if values.get(name) is not None), None)

    def check(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Refuse a mapping to a column that no row and no candidate has.

        Raises:
            DataError: there is such a mapping.
        """
        if not self.mapped:
            return
        there: set[str] = set()
        for values in rows:
            there.update(values)
            for listed in values.values():
                if isinstance(listed, list):
                    items: list[Any] = listed
                    there.update(key for item in items if isinstance(item, dict) for key in item)
        for our, column in self.mapped.items():
            if column not in there:
                raise DataError(
                    f"{our!r} is mapped to {column!r}, which no row has; {nearest(column, there)}",
                    fix="map it to a column that exists",
                    where="data.columns",
                )
