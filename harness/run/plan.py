"""Suite x registry x inputs -> the steps of a run. Pure; what several rows share appears once.

    model ----> fit --> column(train) --> train --> evaluate
       `---------`----> column(test) -----------------^

A step's identity is all that can change its result, as plain data; never a path, a label, a device or a throughput
setting. What must be there before it can run stands in `needs`, apart from identity: a train step depends on what a
column is, not on which examples some suite computed it for.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from harness.audit.near import SETTINGS
from harness.audit.work import audit_work
from harness.audit_record import VERSION
from harness.column import Column
from harness.digest import Parts, changed_options, digest, plain
from harness.errors import PluginError
from harness.examples import Split
from harness.host import Origin, Registry
from harness.long_lived import long_lived
from harness.method import Method
from harness.provenance import installed
from harness.run.column_store import LAYOUT
from harness.run.inputs import Inputs, Limits, needs_of
from harness.run.steps import ColumnRef, ColumnStep, EvaluateStep, FitStep, ModelStep, PolicyRef, Step, TrainStep, Work
from harness.suite import EvaluatorEntry, Row, Suite
from harness.version import ENGINE

Made = TypeVar("Made")


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
    audit: str | None = None
    """The step that looks through the data; none where rows are not judged on the test split, which it would read."""


def origin_identity(origin: Origin) -> dict[str, str]:
    """What of a plugin's origin can change a number."""
    return {"distribution": origin.distribution, "version": origin.version, "sources": origin.sources}


@dataclass
class Planner:
    """Builds a plan; every `_..._step` adds a step once and returns its digest.

    What rows, seeds and evaluators have in common is worked out once: a suite may have ten thousand rows.
    """

    suite: Suite
    registry: Registry
    inputs: Inputs
    limits: Limits
    split: Split = "test"
    """Whose examples rows are judged on."""
    steps: dict[str, Step] = field(default_factory=dict[str, Step])
    _known: dict[Any, tuple[Any, Any]] = field(default_factory=dict[Any, tuple[Any, Any]])
    """What was worked out before."""
    _parts: Parts = field(default_factory=Parts)

    def _once(self, what: str, of: Any, make: Callable[[], Made], *beside: Any) -> Made:
        """`make()`, once for an object, which is known by being the same, and for what stands beside it."""
        key = (what, id(of), *beside)
        if key not in self._known:
            self._known[key] = (of, make())  # with the object, so that its id stays taken
        return self._known[key][1]

    def plan(self) -> Plan:
        """All rows, in the suite's order."""
        audit = self._audit() if self.split == "test" else None
        cells = [cell for row in self.suite.rows for cell in self._row(row)]
        return Plan(self.suite, self.limits, self.inputs, self.base, tuple(self.steps.values()), tuple(cells), audit)

    def _add(
        self, kind: Any, identity: dict[str, Any], needs: tuple[str, ...], title: str, plugins: list[Origin], work: Work
    ) -> str:
        identity = {"kind": kind, "engine": ENGINE, **identity}
        name = self._parts.digest(identity)
        if name not in self.steps:
            self.steps[name] = Step(kind, identity, name, needs, title, {o.plugin: o for o in plugins}, work)
        return name

    @cached_property
    def _source(self) -> dict[str, Any]:
        return {
            "name": self.suite.source.name,
            "plugin": origin_identity(self.suite.source_origin),
            "options": plain(self.suite.source.path_free_options()),
            "content": self.inputs.source_fingerprint,
        }

    @cached_property
    def _tokens(self) -> dict[str, Any]:
        return self.suite.tokens.model_dump()

    def _audit(self) -> str:
        work = audit_work(self.suite, self.limits.trial)
        recipe = self.inputs.recipe
        identity = {
            "audit": VERSION,
            "source": self._source,
            "model": plain(dict(recipe.identity)) if recipe else self.inputs.fingerprints[""],
            "tokens": self._tokens,
            "seeds": list(work.seeds),
            "train": work.train,
            "limit": work.limit,
            "near": SETTINGS.model_dump(),
        }
        return self._add("audit", identity, (), "audit of the data", [self.suite.source_origin], work)

    def method_identity(self, method: Method) -> dict[str, Any]:
        """A configured method, and the methods and columns among its options, as plain data."""
        return self._once("method", method, lambda: self._method_identity(method))

    def _method_identity(self, method: Method) -> dict[str, Any]:
        options: dict[str, Any] = {}
        for option in dataclasses.fields(method):
            value = getattr(method, option.name)
            if isinstance(value, Method):
                options[option.name] = self.method_identity(value)
            elif isinstance(value, Column):
                options[option.name] = self.column_identity(value)
        flat = changed_options(method, but=options)
        origin = self.registry.methods.origins[method.name]
        return {"name": method.name, "plugin": origin_identity(origin), "options": {**flat, **options}}

    def column_identity(self, column: Column) -> dict[str, Any]:
        """A configured column as plain data."""
        return self._once("column", column, lambda: self._column_identity(column))

    def _column_identity(self, column: Column) -> dict[str, Any]:
        origin = self.registry.columns.origins[column.name]
        options = self.inputs.contents.options(column)
        libraries = installed(column.libraries)
        return {"name": column.name, "plugin": origin_identity(origin), "libraries": libraries, "options": options}

    def _method_origins(self, method: Method) -> list[Origin]:
        return self._once("origins", method, lambda: self._origins_of(method))

    def _origins_of(self, method: Method) -> list[Origin]:
        inner = [getattr(method, f.name) for f in dataclasses.fields(method)]
        nested = [o for m in inner if isinstance(m, Method) for o in self._method_origins(m)]
        columns = self._column_origins(*(c for c in inner if isinstance(c, Column)))
        return [self.registry.methods.origins[method.name], *nested, *columns]

    def _column_origins(self, *columns: Column | ColumnRef) -> list[Origin]:
        return [self.registry.columns.origins[column.name] for column in columns]

    @cached_property
    def base(self) -> PolicyRef:
        """The model that rows start from, with the step that makes it where there is one."""
        recipe = self.inputs.recipe
        if recipe is None:
            return PolicyRef("folder", self.inputs.fingerprints[""], self.inputs.folders[""])
        identity = {
            "source": self._source,
            "recipe": plain(dict(recipe.identity)),
            "tokens": self._tokens,
            "method": self.method_identity(recipe.method),
            "training": recipe.training.identity(),
            "budget": recipe.budget.model_dump(),
        }
        origins = [self.suite.source_origin, *self._method_origins(recipe.method)]
        return PolicyRef("step", self._add("model", identity, (), "base model", origins, ModelStep(recipe)))

    def _needs(self, *policies: PolicyRef | None) -> tuple[str, ...]:
        whole = [q for p in policies if p is not None for q in (p, p.adapter_on) if q is not None]
        return tuple(dict.fromkeys(policy.digest for policy in whole if policy.kind == "step"))

    def _column(self, named: Column | str, row: Row, seed: int, initial: PolicyRef, dtype: str) -> ColumnRef:
        """A column as a row reads it at one seed, with the step that fits it where it learns."""
        if isinstance(named, str):
            column = self._once("default column", None, self.registry.columns.get(named), named)
        else:
            column = named
        whose = (seed, self.limits.train(row.budget)) if column.learns else ()
        return self._once(
            "column of", column, lambda: self._column_of(column, row, seed, initial, dtype), initial, dtype, *whose
        )

    def _column_of(self, column: Column, row: Row, seed: int, initial: PolicyRef, dtype: str) -> ColumnRef:
        if column.learns or column.reads == "nothing":  # one fit, whatever the precision of the rows that read it
            dtype = "fp32"
        model = {"nothing": None, "initial": initial, "base": self.base}[column.reads]
        identity: dict[str, Any] = {
            "column": self.column_identity(column),
            "model": model.digest if model else None,
            "tokens": self._tokens,
            "dtype": dtype,
            "engine": ENGINE,
        }
        fit = self._fit(column, row, seed, model, identity) if column.learns else None
        return ColumnRef(column, digest({**identity, "fit": fit}), model, dtype, fit)

    def _columns(
        self, named: Iterable[Column | str], row: Row, seed: int, initial: PolicyRef, dtype: str
    ) -> tuple[ColumnRef, ...]:
        """Distinct columns by name.

        Raises:
            PluginError: a method reads two columns of one name.
        """
        found: dict[str, ColumnRef] = {}
        for one in named:
            column = self._column(one, row, seed, initial, dtype)
            if found.setdefault(column.name, column) != column:
                raise PluginError(
                    f"row {row.label!r} reads two columns called {column.name!r}", fix="give both the same options"
                )
        return tuple(found.values())

    def _fit(self, column: Column, row: Row, seed: int, model: PolicyRef | None, identity: Mapping[str, Any]) -> str:
        limit = self.limits.train(row.budget)
        whole = {**identity, "source": self._source, "train_limit": limit, "seed": seed}
        origins = [self.suite.source_origin, *self._column_origins(column)]
        work = FitStep(column, model, identity["dtype"], seed, limit)
        return self._add("fit", whole, self._needs(model), f"fit {column.name}, seed {seed}", origins, work)

    def _column_step(self, column: ColumnRef, split: Split, seed: int, limit: int | None, of: int | None = None) -> str:
        """One split; `of` is the seed of the row that reads it, for people."""
        of = of if column.fit else None
        return self._once(
            "column step", column, lambda: self._new_column_step(column, split, seed, limit, of), split, seed, limit, of
        )

    def _new_column_step(self, column: ColumnRef, split: Split, seed: int, limit: int | None, of: int | None) -> str:
        identity = {
            "column": column.digest,
            "stored": LAYOUT,
            "source": self._source,
            "split": split,
            "seed": seed,
            "limit": limit,
        }
        origins = [self.suite.source_origin, *self._column_origins(column)]
        work = ColumnStep(column, split, seed, limit)
        told = seed if split == "train" else of
        title = f"{column.name} column, {split} split" + ("" if told is None else f", seed {told}")
        needs = (*self._needs(column.model), *([column.fit] if column.fit else []))
        return self._add("column", identity, needs, title, origins, work)

    def _digests(self, columns: tuple[ColumnRef, ...]) -> list[str]:
        names = tuple(column.digest for column in columns)
        return self._once("digests", None, lambda: list(names), names)

    def _row(self, row: Row) -> Iterator[PlannedCell]:
        reason = self.inputs.unmet.get(row.label, "")
        seeds: tuple[int | None, ...] = row.seeds or (None,)
        for seed in seeds:
            trained = row.method is not None
            if reason:
                whats = [*(["train"] if trained else []), *(e.label for e in self.suite.evaluators)]
                yield from (PlannedCell(row.label, what, seed, None, reason) for what in whats)
                continue
            policy = None if row.column is not None else self._policy(row, seed)
            if trained and policy is not None:
                yield PlannedCell(row.label, "train", seed, policy.digest)
            for entry in self.suite.evaluators:
                unusable = self.inputs.unusable.get(entry.label, "") or _mute(row, entry)
                step = None if unusable else self._evaluate(entry, row, policy, seed)
                yield PlannedCell(row.label, entry.label, seed, step, unusable)

    def _policy(self, row: Row, seed: int | None) -> PolicyRef:
        """What a row is judged by, and what rows that start from it start from."""
        return self._once("policy", row, lambda: self._new_policy(row, seed), seed)

    def _new_policy(self, row: Row, seed: int | None) -> PolicyRef:
        if row.method is not None:
            assert seed is not None
            return self._train(row, row.method, seed)
        if row.policy == "base":
            return self.base
        if row.policy == "oracle":
            return PolicyRef("oracle", digest(["oracle", self._source]))
        return PolicyRef("folder", self.inputs.fingerprints[row.label], self.inputs.folders[row.label])

    def _initial(self, row: Row, seed: int | None) -> PolicyRef:
        return self._policy(row.initial, seed) if row.initial is not None else self.base

    def _train(self, row: Row, method: Method, seed: int) -> PolicyRef:
        initial = self._initial(row, seed)
        columns = self._columns(method.train_columns(), row, seed, initial, row.training.dtype)
        limit = self.limits.train(row.budget)
        identity = {
            "method": self.method_identity(method),
            "columns": self._digests(columns),
            "initial": initial.digest,
            "source": self._source,
            "tokens": self._tokens,
            "training": self._once("training", row.training, row.training.identity),
            "budget": self._once("budget", row.budget, row.budget.model_dump),
            "train_limit": limit,
            "seed": seed,
        }
        needs = (*self._needs(initial), *(self._column_step(c, "train", seed, limit) for c in columns))
        origins = [self.suite.source_origin, *self._column_origins(*columns), *self._method_origins(method)]
        needed = self._once("needs", method, lambda: needs_of(method, self.registry.columns))
        work = TrainStep(method, needed, row.training, row.budget, seed, limit, initial, columns)
        name = self._add("train", identity, needs, f"train {row.label}, seed {seed}", origins, work)
        return PolicyRef("step", name, adapter_on=(initial.adapter_on or initial) if row.training.lora else None)

    def _evaluate(self, entry: EvaluatorEntry, row: Row, policy: PolicyRef | None, seed: int | None) -> str:
        base, initial, method = self.base, self._initial(row, seed), row.method
        scored: tuple[Column | str, ...] = ()
        if method is not None and entry.evaluator.columns == "score":
            scored = method.score_columns()
        elif row.column is not None:
            scored = (row.column,)
        columns = self._columns(scored, row, seed or 0, initial, "fp32")
        subject = columns[0] if policy is None else policy
        identity = {
            "evaluator": entry.evaluator.name,
            "plugin": self._once("plugin", entry, lambda: origin_identity(entry.origin)),
            "libraries": self._once("libraries", entry, lambda: installed(entry.evaluator.libraries)),
            "options": self._once("options", entry, lambda: self.inputs.contents.options(entry.evaluator)),
            "subject": subject.digest,
            "scored_by": self.method_identity(method) if method else None,
            "columns": self._digests(columns),
            "reference": initial.digest,
            "base": base.digest,
            "source": self._source,
            "tokens": self._tokens,
            "held_out_limit": self.limits.held_out,
            **({} if self.split == "test" else {"split": self.split}),
        }
        held_out = self.limits.held_out
        needs = (
            *self._needs(policy, initial, base),
            *(self._column_step(c, self.split, 0, held_out, seed) for c in columns),
        )
        scorers = self._method_origins(method) if method else []
        origins = [self.suite.source_origin, entry.origin, *self._column_origins(*columns), *scorers]
        title = f"{entry.label} of {row.label}" + (f", seed {seed}" if seed is not None else "")
        work = EvaluateStep(entry.evaluator, subject, initial, base, method, columns, self.split)
        return self._add("evaluate", identity, needs, title, origins, work)


def _mute(row: Row, entry: EvaluatorEntry) -> str:
    """Why an evaluator that needs a language model has nothing to judge in a row; empty if it has."""
    if not entry.evaluator.needs_language_model:
        return ""
    if row.column is not None:
        return "this row has no language model"
    return "the oracle has no language model" if row.policy == "oracle" else ""


@long_lived()
def make(suite: Suite, registry: Registry, inputs: Inputs, limits: Limits, split: Split = "test") -> Plan:
    """The plan of a suite, judged on the examples of a split.

    Raises:
        PluginError: a method reads a column that no plugin offers, or two of one name.
    """
    return Planner(suite, registry, inputs, limits, split).plan()
