"""The entries under `methods` and `evaluators`, as configured rows and evaluators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.digest import Plain, plain
from harness.errors import HarnessError
from harness.host import Registry, Shelf
from harness.suite.again import Repeat, with_repeats
from harness.suite.entry import Entry, Kind
from harness.suite.grid import expand, sized, suffix
from harness.suite.init import linked
from harness.suite.longhand import folder_name
from harness.suite.node import Node, Place
from harness.suite.options import configure_node, described
from harness.suite.problems import Problems
from harness.suite.references import model_ref
from harness.suite.schema import AgainRow, ColumnRow, EvaluatorFile, MethodRow, PolicyRow, SuiteFile
from harness.suite.space import searched
from harness.suite.suite import EvaluatorEntry, Row
from harness.training import Budget, Training

BASE, ORACLE = "base", "oracle"


def rows(file: SuiteFile, nodes: Sequence[Node], registry: Registry, problems: Problems) -> list[Entry[Row]]:
    """All rows, grids written out, with unique labels; what does not fit is noted and left out."""
    found: list[Entry[Row]] = []
    again: list[Repeat] = []
    for row, node in zip(file.methods, nodes, strict=True):
        try:
            match row:
                case PolicyRow():
                    found += _policy(row, node)
                case ColumnRow():
                    found += _rating(row, node, file, registry, problems)
                case MethodRow():
                    found += _trained(row, node, file, registry, problems)
                case AgainRow():
                    again.append(Repeat(row, node, len(found)))
        except HarnessError as error:
            problems.take(node.at("policy" if isinstance(row, PolicyRow) else "options").place, error)
    found = with_repeats(found, again, file.seeds, problems)
    _forbid_twins(found, problems)
    return linked(found, problems)


def _policy(row: PolicyRow, node: Node) -> list[Entry[Row]]:
    policy, revision = row.policy, row.revision
    if policy not in (BASE, ORACLE):
        ref = model_ref(node.at("policy"), row.revision)
        policy, revision = str(ref.folder or ref.name), ref.revision
    elif row.revision is not None:
        raise HarnessError(f"{policy} has no revision", fix="leave `revision` out; that of the base is set in `model`")
    label = row.label or folder_name(row.policy)
    made = Row(
        label,
        method=None,
        policy=policy,
        origin=None,
        training=Training(),
        seeds=(),
        options={},
        revision=revision,
    )
    pinned: dict[str, Plain] = {} if row.revision is None else {"revision": row.revision}
    return [Entry(made, label, node.place, {"policy": row.policy, **pinned, "label": label})]


@dataclass(frozen=True)
class _Variant:
    """One row that an entry makes: a point of the grid of its options, at one budget."""

    options: Node
    budget: Budget
    chosen: tuple[str, ...]
    """What the grid chose, as `beta=0.1`."""
    suffix: str
    """What the grid adds to the label: `[beta=0.1]`, or nothing."""
    sized: str
    """What the budget adds after that: `[prompts=250]`, or nothing."""


def _variants(kind: type, node: Node, budgets: Sequence[Budget], registry: Registry) -> list[_Variant]:
    return [
        _Variant(point.options, budget, point.chosen, suffix(point.chosen), sized(budget) if len(budgets) > 1 else "")
        for point in expand(kind, node.child("options") or Node({}, node.place), registry)
        for budget in budgets
    ]


def _rating(
    row: ColumnRow, node: Node, file: SuiteFile, registry: Registry, problems: Problems
) -> Iterator[Entry[Row]]:
    kind = _found(registry.columns, row.column, node.at("column"), problems)
    if kind is None:
        return
    if row.seeds is not None and not kind.learns:
        problems.add(node.at("seeds").place, f"the column {row.column!r} learns nothing, so its row has no seeds")
    stem = row.label or row.column
    seeds = (file.seeds if row.seeds is None else row.seeds) if kind.learns else ()
    for variant in _variants(kind, node, file.budget.each() if kind.learns else (Budget(),), registry):
        column = configure_node(kind, variant.options, registry, problems)
        if column is None:
            continue
        made = Row(
            label=f"{stem}{variant.suffix}{variant.sized}",
            method=None,
            policy=None,
            origin=registry.columns.origins[row.column],
            training=Training(),
            seeds=seeds,
            options=described(column, defaults=False, given=variant.options),
            unsized=f"{stem}{variant.suffix}",
            budget=variant.budget,
            column=column,
        )
        written: dict[str, Plain] = {
            "column": row.column,
            "label": made.unsized,
            "options": described(column, defaults=True, given=variant.options),
            "seeds": plain(seeds) or None,
        }
        yield Entry(made, stem, node.place, written)


def _trained(
    row: MethodRow, node: Node, file: SuiteFile, registry: Registry, problems: Problems
) -> Iterator[Entry[Row]]:
    kind = _found(registry.methods, row.method, node.at("method"), problems)
    if kind is None:
        return
    training = _merged_training(file.training, row.training)
    seeds = file.seeds if row.seeds is None else row.seeds
    stem = row.label or row.method
    for variant in _variants(kind, node, file.budget.each(), registry):
        method = configure_node(kind, variant.options, registry, problems)
        if method is None:
            continue
        found = searched(row.tune, node, method, training, variant.chosen, problems)
        made = Row(
            label=f"{stem}{variant.suffix}{variant.sized}",
            method=method,
            policy=None,
            origin=registry.methods.origins[row.method],
            training=training,
            seeds=seeds,
            options=described(method, defaults=False, given=variant.options),
            unsized=f"{stem}{variant.suffix}",
            budget=variant.budget,
            space=found.space if file.tune else {},
        )
        written: dict[str, Plain] = {
            "method": row.method,
            "label": made.unsized,
            "options": described(method, defaults=True, given=variant.options),
            "training": plain(training.model_dump(mode="json")),
            "init": row.init,
            "seeds": plain(seeds),
        }
        if file.tune:
            written["tune"] = found.written if found.space else False
        yield Entry(made, stem, node.place, written, row.init)


def _found(shelf: Shelf[Any], name: str, node: Node, problems: Problems) -> Any | None:
    """The kind called so; None, and more `problems`, where nothing is."""
    try:
        return shelf.get(name)
    except HarnessError as error:
        hint = f"write {{policy: {name}}}" if name in (BASE, ORACLE) else error.fix
        problems.add(node.place, error.problem, fix=hint)
        return None


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
    kind = _found(registry.evaluators, entry.evaluator, node.at("evaluator"), problems)
    if kind is None:
        return None
    configured = configure_node(kind, node.child("options") or replace(node, value={}), registry, problems)
    if configured is None:
        return None
    label = entry.label or entry.evaluator
    written: dict[str, Plain] = {
        "evaluator": entry.evaluator,
        "label": label,
        "options": described(configured, defaults=True, given=node.child("options")),
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
