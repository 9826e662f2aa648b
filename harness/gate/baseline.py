"""A run as a baseline that later runs are held to: its figures with their values per item, in one small file."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.baseline_records import BASELINE_VERSION, BaselineRecord, FigureBaseline, PackedItems, RowBaseline
from harness.board.board import BoardRow, Heading, Measure
from harness.board.make import Draft, draft
from harness.digest import digest
from harness.errors import DataError, HarnessError, StoreError
from harness.gate.packing import BACK, pack_items, pack_values
from harness.gate.surroundings import host_of, steps_of, versions_of, weights_of
from harness.gate.values import values_of
from harness.records import Record, RunManifest
from harness.statistics import Composite, Scores
from harness.store import write_atomically


def baseline_of(manifest: RunManifest, records: Mapping[str, Record]) -> BaselineRecord:
    """What is kept of a run: every metric of every row on all items. Figures on parts of the items are left out.

    Args:
        manifest: of the run.
        records: by digest, as for `harness.board.make_board`.

    Raises:
        HarnessError: the run is a trial, or holds no figure.
    """
    if manifest.trial:
        raise HarnessError(
            "a trial run is no baseline: --limit cut its examples short",
            where=manifest.suite,
            fix="run the suite without --limit",
        )
    found = draft(manifest, records)
    sets = _Sets()
    rows = [_row(row, found, sets) for row in found.rows]
    if not any(row.figures for row in rows):
        raise HarnessError(
            "the run holds no figure, so it is no baseline", where=manifest.suite, fix="run the suite first"
        )
    ran = steps_of(manifest, records)
    return BaselineRecord(
        suite=manifest.suite,
        suite_digest=manifest.suite_digest,
        as_run=manifest.as_run,
        board_digest=board_digest(rows),
        weights=weights_of(manifest, records),
        host=host_of(ran),
        versions=versions_of(ran),
        ledgers=manifest.ledgers,
        item_sets=sets.packed,
        rows=rows,
    )


def board_digest(rows: Iterable[RowBaseline]) -> str:
    """The digest of every figure with its interval and its seeds: two runs of one digest have found the same."""
    return digest(
        [
            [row.label, [one.model_dump(mode="json", exclude={"items", "clusters", "values"}) for one in row.figures]]
            for row in rows
        ]
    )


class _Sets:
    """Ids of items, each list once."""

    def __init__(self) -> None:
        self.packed: dict[str, PackedItems] = {}
        self._keys: dict[tuple[str, ...], str] = {}

    def key(self, ids: tuple[str, ...]) -> str:
        """What the figures that stand on these ids name."""
        if ids not in self._keys:
            self._keys[ids] = f"items {len(self._keys)}"
            self.packed[self._keys[ids]] = pack_items(ids)
        return self._keys[ids]


def _row(row: BoardRow, found: Draft, sets: _Sets) -> RowBaseline:
    headings = [heading for heading in found.metrics if not heading.subset and heading.name in row.metrics]
    return RowBaseline(
        label=row.label,
        method=row.method,
        kind=row.kind,
        contender=not row.reference,
        version=row.version,
        options=dict(row.options),
        training=dict(row.training),
        seeds=list(row.seeds_used),
        train=row.cost.train_per_seed,
        evaluate=row.cost.evaluate_per_seed,
        figures=[
            _figure(heading, row.metrics[heading.name], found.tables.get(heading.name, {}).get(row.label), sets)
            for heading in headings
        ],
    )


def _figure(heading: Heading, measure: Measure, scores: Scores | Composite | None, sets: _Sets) -> FigureBaseline:
    """A score over metrics keeps no values: it is made again from those of its metrics. An interval of values so large
    that their squares overflow is none.
    """
    bounded = measure.ci95 is not None and all(math.isfinite(end) for end in measure.ci95)
    kept = scores if isinstance(scores, Scores) else None
    dtype, values = ("f8", None) if kept is None else pack_values(kept.values)
    return FigureBaseline(
        metric=heading.name,
        unit=measure.unit,
        higher_is_better=measure.higher_is_better,
        mean=measure.mean,
        stderr=measure.stderr if bounded else None,
        ci95=measure.ci95 if bounded else None,
        n=measure.n,
        per_seed=None if measure.per_seed is None else dict(measure.per_seed),
        pseudo=kept is not None and kept.pseudo,
        items=None if kept is None else sets.key(kept.items),
        clusters=None if kept is None or kept.clusters is None else sets.key(kept.clusters),
        values=values,
        dtype=dtype,
    )


def write_baseline(record: BaselineRecord, path: Path) -> None:
    """Write a baseline, whole or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    write_atomically(path, record.model_dump_json(indent=1) + "\n")


def read_baseline(path: Path) -> BaselineRecord:
    """A baseline, every value of which can be had.

    Raises:
        StoreError: there is none, it cannot be read, another version wrote it, or what it holds is damaged.
    """
    data = read_json(path, "baseline")
    try:
        record = BaselineRecord.model_validate(data)
    except ValidationError as error:
        raise StoreError(f"it is no baseline: {first_of(error)}", where=str(path), fix=BACK) from error
    try:
        _distinct(record)
        values_of(record)
    except StoreError as error:
        raise StoreError(error.problem, where=str(path), fix=error.fix) from error
    except DataError as error:
        raise StoreError(error.problem, where=str(path), fix=BACK) from error
    return record


def _distinct(record: BaselineRecord) -> None:
    """See that no row and no metric of a row stands there twice, as after a merge that went wrong.

    Raises:
        StoreError: one does.
    """
    labels = [row.label for row in record.rows]
    metrics = [f"{row.label}, {figure.metric}" for row in record.rows for figure in row.figures]
    for named in (labels, metrics):
        twice = next((name for name, count in Counter(named).items() if count > 1), None)
        if twice is not None:
            raise StoreError(f"it holds {twice} more than once", fix=BACK)


def read_json(path: Path, what: str) -> dict[str, Any]:
    """A file of this version as JSON.

    Raises:
        StoreError: as `read_baseline`.
    """
    try:
        data: Any = json.loads(path.read_bytes(), parse_float=_finite, parse_constant=_finite)
    except FileNotFoundError:
        fix = "name another one, or write it with `harness accept`"
        raise StoreError(f"there is no {what} here", where=str(path), fix=fix) from None
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(f"the {what} cannot be read: {error}", where=str(path), fix=BACK) from error
    version: Any = data.get("schema_version") if isinstance(data, dict) else None
    if not isinstance(data, dict) or version != BASELINE_VERSION:
        found = f"version {version!r}" if isinstance(data, dict) else type(data).__name__
        told = f"it is no {what} of version {BASELINE_VERSION}, but {found}"
        raise StoreError(told, where=str(path), fix=BACK)
    return {str(key): value for key, value in data.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _finite(text: str) -> float:
    """A number of a file, none of which may be infinite or none at all."""
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(f"{text} is no finite number")
    return found


def first_of(error: ValidationError) -> str:
    """The first thing that is wrong, and how many more there are."""
    problems = error.errors(include_url=False, include_input=False)
    place = ".".join(str(part) for part in problems[0]["loc"])
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{place}: {problems[0]['msg']}{more}"
