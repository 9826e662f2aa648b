"""What a plan needs to know of the world outside the suite: fingerprints of data and models, what the data carry."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.column import Column
from harness.conversions import meet
from harness.errors import DataError, HarnessError, ModelError
from harness.examples import ExampleSet, Ledger, Need, Split
from harness.host import Shelf
from harness.method import Method
from harness.model_files import fingerprint, resolve
from harness.run.contents import Contents, columns_in, named_model, read
from harness.source import BaseRecipe
from harness.suite import ModelRef, Row, Suite
from harness.training import Budget


@dataclass(frozen=True)
class Inputs:
    """Read once per run, before planning."""

    source_fingerprint: str
    recipe: BaseRecipe | None
    """How the source makes the base model, where the suite names none."""
    folders: Mapping[str, Path]
    """Local folder of every model that is named: "" for the suite's model, and each checkpoint row's label."""
    fingerprints: Mapping[str, str]
    """Of those folders."""
    ledgers: Mapping[str, Ledger]
    """Per split and seed, for people."""
    contents: Contents = field(default_factory=Contents)
    """Of the files and models that options name."""
    unmet: Mapping[str, str] = field(default_factory=dict[str, str])
    """Per row label, why it cannot be run on these data or at all."""
    unusable: Mapping[str, str] = field(default_factory=dict[str, str])
    """Per evaluator label, why it can judge no row."""


@dataclass(frozen=True)
class Limits:
    """How many examples are read of each split."""

    trial: int | None
    """`--limit`: of every split; None for no limit."""

    def train(self, budget: Budget) -> int | None:
        """Of the training split, for a row with this budget; None for all there are."""
        return min((n for n in (budget.prompts, self.trial) if n is not None), default=None)

    @property
    def held_out(self) -> int | None:
        """Of the other splits; None for all there are."""
        return self.trial


def base_of(suite: Suite) -> tuple[BaseRecipe | None, Path | None]:
    """How the base model is made, or which folder it is in.

    Raises:
        ModelError: the suite names none and its source offers none, or it cannot be had.
    """
    if suite.model is not None:
        return None, resolve(suite.model)
    recipe = suite.source.base_model()
    if recipe is None:
        raise ModelError(
            f"the source {suite.source.name!r} offers no base model and the suite names none",
            fix="set model: to a local folder or a Hub name (on the command line: --set model=...)",
        )
    return recipe, None


def gather(suite: Suite, columns: Shelf[Column], limits: Limits, split: Split = "test") -> Inputs:
    """Read fingerprints, ledgers and what the data carry.

    Args:
        suite: what is to be run.
        columns: what is installed, for columns that methods read by name.
        limits: how many examples are read.
        split: what rows will be judged on; it and the training split are read, the third is not.

    Raises:
        HarnessError: the data or the suite's own model cannot be read.
    """
    folders: dict[str, Path] = {}
    unmet: dict[str, str] = {}
    prints: dict[str, str] = {}
    recipe, base = base_of(suite)
    if base is not None:
        folders[""], prints[""] = base, fingerprint(base)
    for row in suite.rows:
        if row.policy is not None and row.policy not in {"base", "oracle"}:
            try:
                folder = resolve(checkpoint_ref(row))
                folders[row.label], prints[row.label] = folder, fingerprint(folder)
            except HarnessError as error:
                unmet[row.label] = error.problem
    oracle = suite.source.oracle()
    for row in suite.rows:
        if row.policy == "oracle" and oracle is None:
            unmet[row.label] = f"the source {suite.source.name!r} knows no truth, so it has no oracle"
    contents, unusable = _contents(suite, columns, unmet)
    ledgers = _ledgers(suite, columns, limits, split, unmet)
    for row in suite.rows:
        start = row.initial
        while start is not None and row.label not in unmet:
            if start.label in unmet:
                unmet[row.label] = f"it starts from {start.label!r}: {unmet[start.label]}"
            start = start.initial
    return Inputs(
        source_fingerprint=suite.source.fingerprint(),
        recipe=recipe,
        folders=folders,
        fingerprints=prints,
        ledgers=ledgers,
        contents=contents,
        unmet=unmet,
        unusable=unusable,
    )


def _contents(suite: Suite, columns: Shelf[Column], unmet: dict[str, str]) -> tuple[Contents, dict[str, str]]:
    """Of all that options name; what cannot be had is a reason for the row or the evaluator."""
    found = Contents()
    unusable: dict[str, str] = {}
    named = [(entry.evaluator, entry.label, unusable) for entry in suite.evaluators]
    named += [(column, row.label, unmet) for row in suite.rows for column in columns_of(row, columns)]
    for configured, label, reasons in named:
        try:
            found = read(configured, found)
        except HarnessError as error:
            reasons.setdefault(label, error.problem)
    return found, unusable


def columns_of(row: Row, columns: Shelf[Column]) -> list[Column]:
    """Every column that a row reads or is."""
    if row.column is not None:
        return [row.column]
    return columns_in(row.method, columns) if row.method is not None else []


def checkpoint_ref(row: Row) -> ModelRef:
    """The model that a checkpoint row names."""
    return named_model(ModelRef(str(row.policy), row.revision, None).at)


def _ledgers(
    suite: Suite, columns: Shelf[Column], limits: Limits, split: Split, unmet: dict[str, str]
) -> dict[str, Ledger]:
    """Read both splits once; note which rows the data cannot serve."""
    ledgers: dict[str, Ledger] = {}
    wanted = {row.label: _wanted(row, columns) for row in suite.rows}

    def check(rows: Iterable[Row], examples: ExampleSet) -> None:
        lacking = {
            needs: _lacking(examples, needs) for needs in {n for row in rows for n in wanted[row.label].values()}
        }
        for row in rows:
            reason = next((f"{name}{why}" for name, n in wanted[row.label].items() if (why := lacking[n])), "")
            if reason:
                unmet.setdefault(row.label, reason)

    for seed in sorted({s for row in suite.rows for s in row.seeds}) or [0]:
        for budget in suite.budgets:
            examples = suite.source.examples("train", seed, limits.train(budget))
            sized = f", {budget.prompts:,} prompts" if len(suite.budgets) > 1 else ""
            ledgers[f"train, seed {seed}{sized}"] = examples.ledger
            check([row for row in suite.rows if row.seeds and row.budget == budget], examples)
    held_out = suite.source.examples(split, 0, limits.held_out)
    ledgers[split] = held_out.ledger
    check([row for row in suite.rows if row.column is not None and not row.seeds], held_out)
    return ledgers


def needs_of(method: Method, columns: Shelf[Column]) -> frozenset[Need]:
    """What every example must carry that a method trains on: its own needs, and those of columns that do not learn."""
    return method.needs().union(*(column.needs() for column in columns_in(method, columns) if not column.learns))


def _wanted(row: Row, columns: Shelf[Column]) -> dict[str, frozenset[Need]]:
    """What a row needs of its examples, by the name of the method or column that needs it."""
    wanted = {column.name: frozenset(column.needs()) for column in columns_of(row, columns)}
    if row.method is not None:
        wanted[row.method.name] = needs_of(row.method, columns)
    return wanted


def _lacking(examples: ExampleSet, needs: frozenset[Need]) -> str:
    """What is said of whoever needs this; empty where the examples carry it."""
    try:
        return "" if len(meet(examples, needs)) else ": the split is empty"
    except DataError as error:
        return f" {error.problem}"


def ledger_record(ledger: Ledger) -> dict[str, Any]:
    """A ledger as plain data."""
    plain = dataclasses.asdict(ledger)
    return {**plain, "named": list(ledger.named)}
