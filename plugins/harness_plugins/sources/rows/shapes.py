"""The shapes that rows of preferences come in, and how to tell which one a set of rows has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from harness.errors import DataError
from harness.examples import Example
from harness_plugins.sources.rows.candidates import candidates_example, has_scores
from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.paired import paired_example
from harness_plugins.sources.rows.unpaired import unpaired_example
from harness_plugins.sources.rows.values import listed

Build: TypeAlias = Callable[[Mapping[str, Any]], Example]
"""A row's values to its example, without id and subset. Raises `Unusable`."""

KNOWN = (
    "[prompt or messages,] chosen, rejected",
    "prompt or messages, candidates: a list of {response, score, source}",
    "messages [or prompt, response], label",
    "messages [or prompt, response], score",
)
"""For people: the columns of each shape, in the order in which they are looked for."""


def recognised(rows: Sequence[Mapping[str, Any]], columns: Columns) -> Build:
    """How to build the examples of these rows: all are of one shape, the first of `KNOWN` that any row has.

    Raises:
        DataError: no row has a known shape.
    """

    def held(name: str) -> bool:
        return any(columns.find(name, values) is not None for values in rows)

    asked = held("prompt") or held("messages")
    if held("chosen") and held("rejected"):
        return partial(paired_example, columns=columns)
    if asked and any(listed(columns.find("candidates", values)) is not None for values in rows):
        scored = any(has_scores(values, columns) for values in rows)
        return partial(candidates_example, columns=columns, scored=scored)
    if held("messages") or (asked and held("response")):
        if held("label"):
            return partial(unpaired_example, columns=columns, labelled=True)
        if held("score"):
            return partial(unpaired_example, columns=columns, labelled=False)
    there = sorted({column for values in rows for column in values})
    raise DataError(
        f"no known shape of preferences: the columns are {_listed(there)}",
        fix="map columns with data.columns, our name on the left, as in {chosen: better, rejected: worse}; "
        f"known shapes: {'; '.join(KNOWN)}",
    )


def _listed(names: Sequence[str], most: int = 30) -> str:
    """`names` with commas between them, each cut to 40 characters; no more than `most`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(name[:40] for name in names[:most]) + more
