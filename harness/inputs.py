"""What a plan needs to know of the world outside the suite: fingerprints of data and models, what the data carry."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.conversions import meet
from harness.errors import DataError, HarnessError, ModelError
from harness.examples import ExampleSet, Ledger
from harness.source import BaseRecipe
from harness.suite import ModelRef, Row, Suite


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
    unmet: Mapping[str, str] = field(default_factory=dict[str, str])
    """Per row label, why it cannot be run on these data or at all."""


@dataclass(frozen=True)
class Limits:
    """How many examples are read of each split."""

    train: int | None
    held_out: int | None

    @classmethod
    def of(cls, suite: Suite, limit: int | None) -> Limits:
        """The suite's own budget, cut to `limit` where one is given."""
        prompts = suite.budget.prompts
        train = min(n for n in (prompts, limit) if n is not None) if prompts or limit else None
        return cls(train, limit)


def gather(suite: Suite, limits: Limits) -> Inputs:
    """Read fingerprints, ledgers and what the data carry.

    Raises:
        HarnessError: the data or the suite's own model cannot be read.
    """
    from harness.engine.loading import fingerprint, resolve

    recipe = None
    folders: dict[str, Path] = {}
    unmet: dict[str, str] = {}
    prints: dict[str, str] = {}
    if suite.model is not None:
        folders[""] = resolve(suite.model)
        prints[""] = fingerprint(folders[""])
    else:
        recipe = suite.source.base_model()
        if recipe is None:
            raise ModelError(
                f"the source {suite.source.name!r} offers no base model and the suite names none",
                fix="set model: to a local folder or a Hub name (on the command line: --set model=...)",
            )
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
    ledgers = _ledgers(suite, limits, unmet)
    return Inputs(
        source_fingerprint=suite.source.fingerprint(),
        recipe=recipe,
        folders=folders,
        fingerprints=prints,
        ledgers=ledgers,
        unmet=unmet,
    )


def checkpoint_ref(row: Row) -> ModelRef:
    """The model that a checkpoint row names."""
    folder = Path(str(row.policy))
    return ModelRef(name=str(row.policy), revision=None, folder=folder if folder.is_dir() else None)


def _ledgers(suite: Suite, limits: Limits, unmet: dict[str, str]) -> dict[str, Ledger]:
    """Read every split once; note which rows the data cannot serve."""
    ledgers: dict[str, Ledger] = {}
    seeds = sorted({s for row in suite.rows for s in row.seeds}) or [0]
    for seed in seeds:
        examples = suite.source.examples("train", seed, limits.train)
        ledgers[f"train, seed {seed}"] = examples.ledger
        for row in suite.rows:
            if row.method is not None and row.label not in unmet:
                reason = unmet_need(row, examples)
                if reason:
                    unmet[row.label] = reason
    ledgers["test"] = suite.source.examples("test", 0, limits.held_out).ledger
    return ledgers


def unmet_need(row: Row, examples: ExampleSet) -> str:
    """Why a row's method cannot train on these examples; empty if it can."""
    assert row.method is not None
    try:
        converted = meet(examples, row.method.needs())
    except DataError as error:
        return f"{row.method.name} {error.problem}"
    return "" if len(converted) else f"{row.method.name}: the training split is empty"


def ledger_record(ledger: Ledger) -> dict[str, Any]:
    """A ledger as plain data."""
    plain = dataclasses.asdict(ledger)
    return {**plain, "named": list(ledger.named)}
