"""The nodes of a suite and the installed plugins, to the suite that will be run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.digest import Plain, plain
from harness.errors import HarnessError, nearest
from harness.host import Origin, Registry, Shelf
from harness.source import Source
from harness.suite.node import Node, Place
from harness.suite.options import configure_node, described
from harness.suite.positions import note
from harness.suite.problems import Problems
from harness.suite.references import model_ref
from harness.suite.rows import Entry, evaluators, rows
from harness.suite.schema import SuiteFile
from harness.suite.statistics import statistics
from harness.suite.suite import ModelRef, Row, Suite
from harness.suite.tune import check_tune, record_path

_LISTS = ("methods", "evaluators")
_AS_THEY_ARE = (
    *("description", "model", "tokens", "seeds", "budget", "tune", "tuned", "statistics", "published", "keep"),
)


@dataclass(frozen=True)
class _Data:
    """The source with its origin, and as a suite would write it."""

    source: Source
    origin: Origin
    written: dict[str, Plain]


def resolve(root: Node, name: str, registry: Registry, problems: Problems, only: Sequence[str]) -> Suite:
    """The suite that `root` describes.

    Args:
        only: labels of the rows to keep, or what they have before a grid's brackets; all where empty.

    Raises:
        SuiteError: with all of `problems` and all that is found wrong here.
    """
    _demand_whole(root, registry, problems)
    sound, file = _structured(root, problems)
    model = _model(sound, file, problems)
    data = _data(sound, registry, problems)
    made = rows(file, sound.at("methods").items, registry, problems)
    judges = evaluators(file, sound.at("evaluators").items, registry, problems)
    compared = statistics(file.statistics, sound, made, judges, problems)
    file = file.model_copy(update={"statistics": compared})
    check_tune(file, sound, made, judges, problems)
    record = record_path(sound, problems)
    problems.raise_any()
    assert data is not None
    chosen = _chosen(made, only, file.statistics.baseline)
    return Suite(
        name=name,
        description=file.description,
        model=model,
        tokens=file.tokens,
        source=data.source,
        source_origin=data.origin,
        rows=tuple(entry.made for entry in chosen),
        evaluators=tuple(entry.made for entry in judges),
        seeds=file.seeds,
        budgets=file.budget.each(),
        tune=file.tune,
        tuned=record,
        statistics=file.statistics,
        published=file.published,
        asked=frozenset(entry.made.label for entry in chosen if not only or entry.names & set(only)),
        keep=file.keep,
        as_run={
            **file.model_dump(
                mode="json",
                include={*_AS_THEY_ARE},
            ),
            "data": data.written,
            "training": file.training.model_dump(mode="json"),
            "methods": [plain(row) for row in {str(e.written["label"]): e.written for e in chosen}.values()],
            "evaluators": [plain(entry.written) for entry in judges],
        },
    )


def _demand_whole(root: Node, registry: Registry, problems: Problems) -> None:
    """Note what a suite cannot do without, and where else it could have stood."""
    data = root.child("data")
    if data is None or data.value is None:
        offers = ", ".join(registry.sources.offers) or "none"
        problems.add(root.place, "no data to train on", fix=f"write `data: {{source: NAME}}`; installed: {offers}")
    needed: tuple[tuple[str, Shelf[Any]], ...] = (
        ("methods", registry.methods),
        ("evaluators", registry.evaluators),
    )
    for key, shelf in needed:
        node = root.child(key)
        if node is None or node.value == ():
            offers = ", ".join(shelf.offers) or "none"
            place = root.place if node is None else node.place
            problems.add(place, f"no {key}, so there is nothing to compare", fix=f"list some; installed: {offers}")


def _structured(root: Node, problems: Problems) -> tuple[Node, SuiteFile]:
    """The parts of `root` that have the form of a suite, so that these can be checked further, and their reading."""
    try:
        return root, _validated(root)
    except ValidationError as error:
        note(error, root, SuiteFile, problems)
        faulty = {fault["loc"][: 2 if fault["loc"][0] in _LISTS else 1] for fault in error.errors()}
        sound = root.without(*(str(loc[0]) for loc in faulty if len(loc) == 1))
        for key in _LISTS:
            if node := sound.child(key):
                kept = tuple(item for index, item in enumerate(node.items) if (key, index) not in faulty)
                sound = sound.having(**{key: replace(node, value=kept)})
        return sound, _validated(sound)


def _validated(root: Node) -> SuiteFile:
    """As JSON, because there pydantic's strict mode takes a list for a tuple but no text for a number."""
    return SuiteFile.model_validate_json(json.dumps(root.plain), strict=True)


def _model(root: Node, file: SuiteFile, problems: Problems) -> ModelRef | None:
    if file.model is None:
        return None
    node = root.at("model", "name")
    try:
        return model_ref(node, file.model.revision)
    except HarnessError as error:
        problems.take(node.place, error)
        return None


def _data(root: Node, registry: Registry, problems: Problems) -> _Data | None:
    node = root.child("data")
    if node is None or node.value is None:
        return None
    named = node.at("source")
    name = str(named.value)
    try:
        kind = registry.sources.get(name)
    except HarnessError as error:
        problems.take(named.place, error)
        return None
    given = node.without("source")
    source = configure_node(kind, given, registry, problems)
    if source is None:
        return None
    written: dict[str, Plain] = {"source": name, **described(source, defaults=True, given=given)}
    return _Data(source, registry.sources.origins[name], written)


def _chosen(entries: Sequence[Entry[Row]], only: Sequence[str], baseline: str | None) -> list[Entry[Row]]:
    if not only:
        return list(entries)
    problems = Problems()
    known = {name for entry in entries for name in entry.names}
    for label in only:
        if label not in known:
            place = Place(f"--only {label}", None, Path.cwd())
            problems.add(place, f"no row is called {label!r}; {nearest(label, known)}")
    problems.raise_any()
    by_label = {entry.made.label: entry.made for entry in entries}
    waiting: list[Row | None] = [entry.made for entry in entries if entry.names & {*only, baseline}]
    kept: set[str] = set()
    while waiting:  # what a row starts from is needed with it, and what it repeats or is compared with
        row = waiting.pop()
        if row is not None and row.label not in kept:
            kept.add(row.label)
            waiting += [row.initial, by_label.get(row.again or "")]
    return [entry for entry in entries if entry.made.label in kept]
