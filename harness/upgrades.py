"""Reading what an earlier release wrote: plain data of any known schema version, brought to the newest form.

Each table below holds, per old version, the function that gives the data the form of the next one; it is empty as long
as there is one version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import from_json

from harness.errors import StoreError
from harness.records import SCHEMA_VERSION, Record, RunManifest

BOARD_VERSION = 3
"""Of `leaderboard.json`. 2: comparisons with a baseline, standings by the set tied with the best, subsets. 3: notes on
how the figures came about."""

Form: TypeAlias = dict[str, Any]
Upgrades: TypeAlias = Mapping[int, Callable[[Form], Form]]

RECORD_UPGRADES: Upgrades = {}
MANIFEST_UPGRADES: Upgrades = {}


def _board_2(form: Form) -> Form:
    """A board without comparisons: its standings are by the overlap of intervals of single rows, as its files say."""
    rows = [_sized_row(row) for row in form.get("rows", [])]
    return {**form, "rows": rows, "comparisons": [], "groups": {}, "problems": []}


def _sized_row(row: Form) -> Form:
    """A row of the first boards of form 1, which knew one number of prompts and left out what a row is."""
    learnt = "method" if row.get("training") else "policy"
    return {"kind": learnt, "unsized": row.get("label", ""), "prompts": None, **row}


def _board_3(form: Form) -> Form:
    """A board of one results folder whose rows' hardware was not compared."""
    return {**form, "notes": []}


BOARD_UPGRADES: Upgrades = {1: _board_2, 2: _board_3}


def newest_form(data: object, upgrades: Upgrades, newest: int, what: str) -> Form:
    """`data` in its newest form.

    Args:
        data: as it was read from JSON.
        upgrades: version -> function to the form of the next version.
        newest: the version that this release writes.
        what: "record", for messages.

    Raises:
        StoreError: the data are no such thing, or of a version that this release does not know.
    """
    if not isinstance(data, dict):
        raise StoreError(
            f"a {what} is a JSON object; this is {type(data).__name__}",
            fix="check that the file was written by `harness run`",
        )
    form: Form = dict(data)  # pyright: ignore[reportUnknownArgumentType]
    version = form.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool):
        raise StoreError(
            f"a {what} states its schema_version as a whole number; here it is {version!r}",
            fix="check that the file was written by `harness run`",
        )
    if version > newest:
        raise StoreError(
            f"this {what} has schema version {version}; this release reads up to {newest}",
            fix="upgrade alignment-harness, or use another --results folder",
        )
    for step in range(version, newest):
        if step not in upgrades:
            raise StoreError(f"this {what} has schema version {version}, which no release wrote")
        form = {**upgrades[step](form), "schema_version": step + 1}
    return form


def upgrade_record(data: object) -> Record:
    """A record of any known version.

    Raises:
        StoreError: see `newest_form`.
        pydantic.ValidationError: the version is known but the data have not its form.
    """
    return Record.model_validate(newest_form(data, RECORD_UPGRADES, SCHEMA_VERSION, "record"))


def read_record(content: bytes) -> Record:
    """A record of any known version, from the bytes of its file. Raises as `upgrade_record` does, and ValueError."""
    try:
        record = Record.model_validate_json(content)  # a third of the time of the way by plain data
    except ValidationError:
        record = None
    if record is None or record.schema_version != SCHEMA_VERSION or "schema_version" not in record.model_fields_set:
        return upgrade_record(from_json(content))
    return record


def upgrade_manifest(data: object) -> RunManifest:
    """A run's manifest of any known version. Raises as `upgrade_record` does."""
    return RunManifest.model_validate(newest_form(data, MANIFEST_UPGRADES, SCHEMA_VERSION, "run manifest"))


def upgrade_board(data: object) -> Form:
    """A `leaderboard.json` of any known version, in the newest form. Raises StoreError as `newest_form` does."""
    return newest_form(data, BOARD_UPGRADES, BOARD_VERSION, "leaderboard")
