"""Suite x registry x inputs -> the steps of a run. Pure; what several rows share appears once.

    model ----> column(train) --> train --> evaluate
       `-----> column(test) ----------------^

A step's identity is all that can change its result, as plain data; never a path, a label, a device or a throughput
setting. What must be there before it can run stands in `needs`, apart from identity: a train step depends on what a
column is, not on which examples some suite computed it for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.digest import changed_options, digest, plain
from harness.examples import Split
from harness.host import Origin, Registry
from harness.inputs import Inputs, Limits
from harness.method import Method
from harness.steps import ColumnRef, ColumnStep, EvaluateStep, ModelStep, PolicyRef, Step, TrainStep, Work
from harness.suite import EvaluatorEntry, Row, Suite
from harness.version import ENGINE


@dataclass(frozen=True)
class PlannedCell:
    """One step of one row at one seed, or why there is none."""

    row: str
    what: str
    seed: int | None
    step: str | None
    reason: str = ""


@dataclass(frozen=True)
class Plan:
    """The steps in an order that respects `needs`, and the cells of the board they fill."""

    suite: Suite
    limits: Limits
    inputs: Inputs
    base: PolicyRef
    """What every row starts from."""
    steps: tuple[Step, ...]
    cells: tuple[PlannedCell, ...]


def origin_identity(origin: Origin) -> dict[str, str]:
    """What of a plugin's origin can change a number."""
    return {"distribution": origin.distribution, "version": origin.version, "sources": origin.sources}


@dataclass
class Planner:
    """Builds a plan; every `_..._step` adds a step once and returns its digest."""

    suite: Suite
    registry: Registry
    inputs: Inputs
    limits: Limits
    steps: dict[str, Step] = field(default_factory=dict[str, Step])

    def plan(self) -> Plan:
        """All rows, in the suite's order."""
        cells = [cell for row in self.suite.rows for cell in self._row(row)]
        return Plan(self.suite, self.limits, self.inputs, self.base(), tuple(self.steps.values()), tuple(cells))

    def _add(
        self, kind: Any, identity: dict[str, Any], needs: tuple[str, ...], title: str, plugins: list[Origin], work: Work
    ) -> str:
        identity = {"kind": kind, "engine": ENGINE, **identity}
        name = digest(identity)
        if name not in self.steps:
            self.steps[name] = Step(kind, identity, name, needs, title, {o.plugin: o for o in plugins}, work)
        return name

    def _source(self) -> dict[str, Any]:
        return {
            "name": self.suite.source.name,
            "plugin": origin_identity(self.suite.source_origin),
            "options": plain(self.suite.source.path_free_options()),
            "content": self.inputs.source_fingerprint,
        }

    def method_identity(self, method: Method) -> dict[str, Any]:
        """A configured method, and the methods among its options, as plain data."""
        options: dict[str, Any] = {}
        for option in dataclasses.fields(method):
            value = getattr(method, option.name)
            if isinstance(value, Method):
                options[option.name] = self.method_identity(value)
        flat = {k: v for k, v in changed_options(method).items() if k not in options}
        origin = self.registry.methods.origins[method.name]
        return {"name": method.name, "plugin": origin_identity(origin), "options": {**flat, **options}}

    def _method_origins(self, method: Method) -> list[Origin]:
        inner = [getattr(method, f.name) for f in dataclasses.fields(method)]
        nested = [o for m in inner if isinstance(m, Method) for o in self._method_origins(m)]
        return [self.registry.methods.origins[method.name], *nested]

    def base(self) -> PolicyRef:
        """The model that rows start from, with the step that makes it where there is one."""
        recipe = self.inputs.recipe
        if recipe is None:
            return PolicyRef("folder", self.inputs.fingerprints[""], self.inputs.folders[""])
        identity = {
            "source": self._source(),
            "recipe": plain(dict(recipe.identity)),
            "tokens": self.suite.tokens.model_dump(),
            "method": self.method_identity(recipe.method),
            "training": recipe.training.model_dump(),
            "budget": recipe.budget.model_dump(),
        }
        origins = [self.suite.source_origin, *self._method_origins(recipe.method)]
        return PolicyRef("step", self._add("model", identity, (), "base model", origins, ModelStep(recipe)))

    def _needs(self, *policies: PolicyRef | None) -> tuple[str, ...]:
        return tuple(dict.fromkeys(p.digest for p in policies if p is not None and p.kind == "step"))

    def _column(self, name: str, initial: PolicyRef, dtype: str) -> ColumnRef:
        kind = self.registry.columns.get(name)
        used = initial if kind.uses_initial_policy else None
        identity = {
            "column": name,
            "plugin": origin_identity(self.registry.columns.origins[name]),
            "initial": used.digest if used else None,
            "tokens": self.suite.tokens.model_dump(),
            "dtype": dtype,
            "engine": ENGINE,
        }
        return ColumnRef(name, digest(identity), used, dtype)

    def _column_step(self, column: ColumnRef, split: Split, seed: int) -> str:
        identity = {
            "column": column.digest,
            "source": self._source(),
            "split": split,
            "seed": seed,
            "limit": self.limits.train if split == "train" else self.limits.held_out,
        }
        origins = [self.suite.source_origin, self.registry.columns.origins[column.name]]
        work = ColumnStep(column, split, seed)
        title = f"{column.name} column, {split} split" + (f", seed {seed}" if split == "train" else "")
        return self._add("column", identity, self._needs(column.initial), title, origins, work)

    def _row(self, row: Row) -> Iterator[PlannedCell]:
        reason = self.inputs.unmet.get(row.label, "")
        if row.method is not None:
            yield from self._trained_row(row, row.method, reason)
            return
        base = self.base()
        if row.policy == "base":
            subject = base
        elif row.policy == "oracle":
            subject = PolicyRef("oracle", digest(["oracle", self._source()]))
        else:
            subject = PolicyRef(
                "folder", self.inputs.fingerprints.get(row.label, ""), self.inputs.folders.get(row.label)
            )
        for entry in self.suite.evaluators:
            step = None if reason else self._evaluate(entry, row, subject, None, base, None)
            yield PlannedCell(row.label, entry.label, None, step, reason)

    def _trained_row(self, row: Row, method: Method, reason: str) -> Iterator[PlannedCell]:
        if reason:
            for seed in row.seeds:
                yield PlannedCell(row.label, "train", seed, None, reason)
                yield from (PlannedCell(row.label, e.label, seed, None, reason) for e in self.suite.evaluators)
            return
        base = self.base()
        columns = tuple(self._column(name, base, row.training.dtype) for name in method.train_columns())
        for seed in row.seeds:
            trained = self._train(row, method, seed, base, columns)
            yield PlannedCell(row.label, "train", seed, trained.digest)
            for entry in self.suite.evaluators:
                yield PlannedCell(row.label, entry.label, seed, self._evaluate(entry, row, trained, method, base, seed))

    def _train(
        self,
        row: Row,
        method: Method,
        seed: int,
        base: PolicyRef,
        columns: tuple[ColumnRef, ...],
    ) -> PolicyRef:
        identity = {
            "method": self.method_identity(method),
            "columns": [c.digest for c in columns],
            "initial": base.digest,
            "source": self._source(),
            "tokens": self.suite.tokens.model_dump(),
            "training": row.training.model_dump(),
            "budget": self.suite.budget.model_dump(),
            "train_limit": self.limits.train,
            "seed": seed,
        }
        needs = (*self._needs(base), *(self._column_step(c, "train", seed) for c in columns))
        origins = [self.suite.source_origin, *self._method_origins(method)]
        work = TrainStep(row, method, row.training, seed, base, columns)
        name = self._add("train", identity, needs, f"train {row.label}, seed {seed}", origins, work)
        return PolicyRef("step", name, adapter_on=base if row.training.lora else None)

    def _evaluate(
        self,
        entry: EvaluatorEntry,
        row: Row,
        subject: PolicyRef,
        method: Method | None,
        base: PolicyRef,
        seed: int | None,
    ) -> str:
        scored = method.score_columns() if method is not None and entry.evaluator.columns == "score" else ()
        columns = tuple(self._column(name, base, "fp32") for name in scored)
        identity = {
            "evaluator": entry.evaluator.name,
            "plugin": origin_identity(entry.origin),
            "options": changed_options(entry.evaluator),
            "subject": subject.digest,
            "scored_by": self.method_identity(method) if method else None,
            "columns": [c.digest for c in columns],
            "reference": base.digest,
            "source": self._source(),
            "tokens": self.suite.tokens.model_dump(),
            "held_out_limit": self.limits.held_out,
        }
        needs = (*self._needs(subject, base), *(self._column_step(c, "test", 0) for c in columns))
        origins = [self.suite.source_origin, entry.origin, *(self._method_origins(method) if method else [])]
        title = f"{entry.label} of {row.label}" + (f", seed {seed}" if seed is not None else "")
        work = EvaluateStep(entry.evaluator, subject, base, base, method, columns)
        return self._add("evaluate", identity, needs, title, origins, work)


def make(suite: Suite, registry: Registry, inputs: Inputs, limits: Limits) -> Plan:
    """The plan of a suite.

    Raises:
        PluginError: a method reads a column that no plugin offers.
    """
    return Planner(suite, registry, inputs, limits).plan()
