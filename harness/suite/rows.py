"""The entries under `methods` and `evaluators`, as configured rows and evaluators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from harness.digest import Plain, plain
from harness.errors import HarnessError
from harness.host import Registry
from harness.suite.grid import Point, expand
from harness.suite.longhand import folder_name
from harness.suite.node import Node, Place
from harness.suite.options import configure_node, described
from harness.suite.problems import Problems
from harness.suite.references import model_ref
from harness.suite.schema import EvaluatorFile, MethodRow, PolicyRow, SuiteFile
from harness.suite.suite import EvaluatorEntry, Row
from harness.training import Training

Kind = TypeVar("Kind", Row, EvaluatorEntry)

BASE, ORACLE = "base", "oracle"


@dataclass(frozen=True)
class Entry(Generic[Kind]):
    """One entry of the suite, made ready."""

    made: Kind
    stem: str
    """The label without what a grid adds."""
    place: Place
    written: dict[str, Plain]
    """The entry with every default filled in, as a suite would write it."""


def rows(file: SuiteFile, nodes: Sequence[Node], registry: Registry, problems: Problems) -> list[Entry[Row]]:
    """All rows, grids written out, with unique labels; what does not fit is noted and left out."""
    found: list[Entry[Row]] = []
    for row, node in zip(file.methods, nodes, strict=True):
        try:
            found += _policy(row, node) if isinstance(row, PolicyRow) else _trained(row, node, file, registry, problems)
        except HarnessError as error:
            problems.take(node.at("options" if isinstance(row, MethodRow) else "policy").place, error)
    _forbid_twins(found, problems)
    return found


def _policy(row: PolicyRow, node: Node) -> list[Entry[Row]]:
    policy = row.policy
    if policy not in (BASE, ORACLE):
        ref = model_ref(node.at("policy"))
        policy = str(ref.folder or ref.name)
    label = row.label or folder_name(row.policy)
    made = Row(label, method=None, policy=policy, origin=None, training=Training(), seeds=(), options={})
    return [Entry(made, label, node.place, {"policy": row.policy, "label": label})]


def _trained(row: MethodRow, node: Node, file: SuiteFile, registry: Registry, problems: Problems) -> list[Entry[Row]]:
    try:
        kind = registry.methods.get(row.method)
    except HarnessError as error:
        hint = f"write {{policy: {row.method}}}" if row.method in (BASE, ORACLE) else error.fix
        problems.add(node.at("method").place, error.problem, fix=hint)
        return []
    training = _merged_training(file.training, row.training)
    seeds = file.seeds if row.seeds is None else row.seeds
    stem = row.label or row.method

    def entry(point: Point) -> Entry[Row] | None:
        method = configure_node(kind, point.options, registry, problems)
        if method is None:
            return None
        label = f"{stem}{point.suffix}"
        options = described(method, defaults=False)
        made = Row(label, method, None, registry.methods.origins[row.method], training, seeds, options)
        written: dict[str, Plain] = {
            "method": row.method,
            "label": label,
            "options": described(method, defaults=True),
            "training": plain(training.model_dump(mode="json")),
            "seeds": plain(seeds),
        }
        return Entry(made, stem, node.place, written)

    points = expand(kind, node.child("options") or Node({}, node.place), registry)
    return [made for point in points if (made := entry(point)) is not None]


def _merged_training(suite: Training, row: Training) -> Training:
    """The suite's settings with what the row sets itself on top."""
    return Training.model_validate(_over(suite.model_dump(), row.model_dump(exclude_unset=True)))


def _over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {**base, **over}
    for key in base.keys() & over.keys():
        if isinstance(base[key], dict) and isinstance(over[key], dict):
            both[key] = _over(base[key], over[key])
    return both


def evaluators(
    file: SuiteFile, nodes: Sequence[Node], registry: Registry, problems: Problems
) -> list[Entry[EvaluatorEntry]]:
    """All evaluators, with unique labels; what does not fit is noted and left out."""
    found: list[Entry[EvaluatorEntry]] = []
    for entry, node in zip(file.evaluators, nodes, strict=True):
        if (made := _evaluator(entry, node, registry, problems)) is not None:
            found.append(made)
    _forbid_twins(found, problems)
    return found


def _evaluator(
    entry: EvaluatorFile, node: Node, registry: Registry, problems: Problems
) -> Entry[EvaluatorEntry] | None:
    try:
        kind = registry.evaluators.get(entry.evaluator)
    except HarnessError as error:
        problems.take(node.at("evaluator").place, error)
        return None
    configured = configure_node(kind, node.child("options") or replace(node, value={}), registry, problems)
    if configured is None:
        return None
    label = entry.label or entry.evaluator
    written: dict[str, Plain] = {
        "evaluator": entry.evaluator,
        "label": label,
        "options": described(configured, defaults=True),
    }
    made = EvaluatorEntry(label, configured, registry.evaluators.origins[entry.evaluator])
    return Entry(made, label, node.place, written)


def _forbid_twins(entries: Sequence[Entry[Kind]], problems: Problems) -> None:
    first: dict[str, Place] = {}
    for entry in entries:
        label = entry.made.label
        if label in first:
            problem = f"the label {label!r} is taken, by the entry at {first[label].where}"
            problems.add(entry.place, problem, fix="give each a `label` of its own")
        first.setdefault(label, entry.place)
