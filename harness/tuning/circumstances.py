"""Rows and what they are tuned in as plain data, so that a run can be held to the record of an earlier study."""

from __future__ import annotations

import dataclasses
from typing import Any

from harness.column import Column
from harness.digest import plain
from harness.method import Method
from harness.run.contents import Contents
from harness.run.inputs import Inputs, Limits
from harness.study_records import Circumstances, RowSettings, StudiesRecord
from harness.suite import Row, Suite


def circumstances(suite: Suite, inputs: Inputs) -> Circumstances:
    """What the rows of a suite are tuned or run in, but for budgets. Code is no part of it."""
    recipe = inputs.recipe
    if recipe is None:
        model: dict[str, Any] = {"content": inputs.fingerprints[""]}
    else:
        model = {
            "made": plain(dict(recipe.identity)),
            "method": _configured(recipe.method, inputs.contents),
            "training": recipe.training.identity(),
            "budget": recipe.budget.model_dump(mode="json"),
        }
    data = {
        "source": suite.source.name,
        "options": plain(suite.source.path_free_options()),
        "content": inputs.source_fingerprint,
    }
    return Circumstances(data=data, model=model, tokens=suite.tokens.model_dump(mode="json"))


def budget_of(row: Row, limits: Limits) -> dict[str, Any]:
    """What a row is trained on."""
    return {**row.budget.model_dump(mode="json"), "read": limits.train(row.budget)}


def settings_of(row: Row, inputs: Inputs) -> RowSettings:
    """A trained row as plain data."""
    assert row.method is not None
    configured = _configured(row.method, inputs.contents)
    training = row.training.identity()
    return RowSettings(**configured, training=training, init=_start(row.initial, inputs))


def _start(row: Row | None, inputs: Inputs) -> dict[str, Any] | None:
    if row is None or row.policy == "base":
        return None
    if row.method is None:
        return {"checkpoint": inputs.fingerprints.get(row.label, "")}
    return settings_of(row, inputs).model_dump()


def _configured(configured: Method | Column, contents: Contents) -> dict[str, Any]:
    """`{method, options}` or `{column, options}`, with the content of what options name in the place of its path."""
    named = contents.options(configured) if isinstance(configured, Column) else {}
    places = (*configured.path_options, *configured.model_options) if isinstance(configured, Column) else ()
    options: dict[str, Any] = {}
    for field in dataclasses.fields(configured):
        value = getattr(configured, field.name)
        if isinstance(value, Method | Column):
            options[field.name] = _configured(value, contents)
        else:
            options[field.name] = named.get(field.name) if field.name in places else plain(value)
    return {"method" if isinstance(configured, Method) else "column": configured.name, "options": options}


def held(suite: Suite, inputs: Inputs, limits: Limits, record: StudiesRecord) -> frozenset[str]:
    """Labels of the rows with the settings that a finished study of the record chose, in the same circumstances."""
    if record.circumstances != circumstances(suite, inputs):
        return frozenset()
    chosen = [(study.chosen, study.budget) for study in record.studies if study.finished and study.chosen is not None]
    trained = [row for row in suite.rows if row.method is not None and row.label not in inputs.unmet]
    return frozenset(r.label for r in trained if (settings_of(r, inputs), budget_of(r, limits)) in chosen)
