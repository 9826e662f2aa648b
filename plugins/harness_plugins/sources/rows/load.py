"""Files to examples, once per process for the same files and options."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from harness.digest import digest
from harness.errors import DataError, nearest
from harness.examples import Example
from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.data_file import MEND, DataFile
from harness_plugins.sources.rows.read import read
from harness_plugins.sources.rows.row import Dropped, Row, Unusable
from harness_plugins.sources.rows.shapes import Build, recognised
from harness_plugins.sources.rows.split import prompt_key
from harness_plugins.sources.rows.values import name

NAMED = 10
"""How many dropped rows are named."""
OTHER_SUBSET = "of a subset that is not asked for"


@dataclass(frozen=True)
class Loaded:
    """All examples of some files, in the files' order."""

    examples: tuple[Example, ...]
    files: tuple[str, ...]
    """Per example, the name of the file it came from."""
    prompts: tuple[str, ...]
    """Per example, the key of its prompt."""
    read: int
    dropped: Mapping[str, int]
    named: tuple[str, ...]


def load(files: Sequence[DataFile], columns: Mapping[str, str], subsets: Sequence[str], *, where: str) -> Loaded:
    """Read all rows of some files; they are of one shape.

    Args:
        files: in the order in which their rows are to be read.
        columns: our name of a column -> the files' name of it.
        subsets: named parts that are wanted; all where empty.
        where: what errors call the whole of the files.

    Raises:
        DataError: nothing can be read, no shape is recognised, or no row can be used.
    """
    try:
        versions = tuple(file.version for file in files)
    except OSError as error:
        raise DataError(f"cannot be read: {error}", fix=MEND, where=where) from error
    try:
        return _load(tuple(files), versions, tuple(sorted(columns.items())), tuple(subsets))
    except DataError as error:
        if error.where:
            raise
        raise DataError(error.problem, fix=error.fix, where=where) from error


@lru_cache(maxsize=4)
def _load(
    files: tuple[DataFile, ...],
    _versions: tuple[tuple[int, int], ...],
    mapping: tuple[tuple[str, str], ...],
    subsets: tuple[str, ...],
) -> Loaded:
    columns = Columns.of(dict(mapping))
    found = [(file.name, row) for file in files for row in read(file)]
    rows = [row.values for _, row in found if isinstance(row, Row)]
    build: Build | None = None
    if rows:
        columns.check(rows)
        build = recognised(rows, columns)
    outcomes = [(at, _outcome(row, build, columns) if build and isinstance(row, Row) else row) for at, row in found]
    usable = [(at, outcome) for at, outcome in outcomes if isinstance(outcome, Example)]
    dropped = [outcome for _, outcome in outcomes if isinstance(outcome, Dropped)]
    if not usable:
        raise _nothing(dropped)
    _check_subsets({example.subset for _, example in usable}, subsets)
    wanted = [(at, example) for at, example in usable if not subsets or example.subset in subsets]
    reasons = Counter(row.reason for row in dropped)
    if len(wanted) < len(usable):
        reasons[OTHER_SUBSET] = len(usable) - len(wanted)
    return Loaded(
        examples=_with_ids([example for _, example in wanted]),
        files=tuple(at for at, _ in wanted),
        prompts=tuple(prompt_key(example.prompt) for _, example in wanted),
        read=len(found),
        dropped=MappingProxyType(dict(reasons)),
        named=tuple(str(row) for row in dropped[:NAMED]),
    )


def _outcome(row: Row, build: Build, columns: Columns) -> Example | Dropped:
    """The example of a row, with the id that the row states (empty where no column is mapped to it), or why none."""
    try:
        subset = name(columns.find("subset", row.values), "subset")
        return dataclasses.replace(build(row.values), id=_stated_id(row, columns), subset=subset)
    except Unusable as error:
        return Dropped(row.where, error.reason, error.detail)


def _stated_id(row: Row, columns: Columns) -> str:
    stated = name(columns.find("id", row.values), "id")
    if stated is None and "id" in columns.mapped:
        raise Unusable("id is missing")
    return stated or ""


def _check_subsets(there: Set[str | None], subsets: Sequence[str]) -> None:
    """Refuse a subset of which there is no example.

    Raises:
        DataError: there is such a one.
    """
    known = {subset for subset in there if subset is not None}
    for subset in subsets:
        if subset not in known:
            raise DataError(
                f"no example is of the subset {subset!r}; {nearest(subset, known)}",
                fix="name subsets that there are, or map the column that names them as `subset` in data.columns",
                where="data.subsets",
            )


def _with_ids(examples: Sequence[Example]) -> tuple[Example, ...]:
    """The examples with the ids that the files state, else with a digest of what they hold.

    Of examples that are alike in everything, the second and later ones carry their number.

    Raises:
        DataError: an id that the files state is not unique.
    """
    seen: Counter[str] = Counter()
    named: list[Example] = []
    for example in examples:
        base = example.id or digest(example)[:16]
        seen[base] += 1
        if example.id and seen[base] > 1:
            raise DataError(
                f"two rows have the id {base!r}",
                fix="map id to a column whose values are unique, or do not map it",
                where="data.columns",
            )
        named.append(dataclasses.replace(example, id=base if seen[base] == 1 else f"{base}-{seen[base]}"))
    return tuple(named)


def _nothing(dropped: Sequence[Dropped]) -> DataError:
    reasons = ", ".join(f"{reason} ({count})" for reason, count in Counter(d.reason for d in dropped).most_common(5))
    return DataError(
        f"no row can be used: {len(dropped)} read, dropped as {reasons}; the first is {dropped[0]}",
        fix="mend the rows, or map the right columns with data.columns",
    )
