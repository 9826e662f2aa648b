"""The JSON Schema of a suite file, for editors: the form of a suite, filled in with the options of installed plugins.

Draft 2020-12. About names and types it is as strict as reading a suite is; ranges that a plugin checks itself, unique
labels and what a whole suite needs are left to reading.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

from pydantic import BaseModel

from harness.column import Column
from harness.host import Registry, Shelf
from harness.method import Method
from harness.suite.field_docs import field_docs
from harness.suite.option_types import NestedColumn, NestedMethod, option_types
from harness.suite.options import named
from harness.suite.schema import (
    AgainRow,
    BudgetFile,
    ChoicesFile,
    ColumnRow,
    DataFile,
    EvaluatorFile,
    MethodRow,
    ModelFile,
    PolicyRow,
    PublishedFigure,
    RangeFile,
    StatisticsFile,
    SuiteFile,
    TuneFile,
)
from harness.training import Lora, Sharding, Tokens, Training

Schema: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_DESCRIBED = (
    *(AgainRow, BudgetFile, ChoicesFile, Lora, ModelFile, PolicyRow, PublishedFigure, RangeFile, StatisticsFile),
    *(Sharding, Tokens, Training, TuneFile),
)


def json_schema(registry: Registry) -> Schema:
    """The schema of suites on this installation, as plain data."""
    schema = SuiteFile.model_json_schema()
    definitions: Schema = schema["$defs"]
    _describe(schema, SuiteFile)
    for model in _DESCRIBED:
        _describe(definitions[model.__name__], model)
    for part in (MethodRow, ColumnRow, EvaluatorFile, DataFile):
        definitions.pop(part.__name__)
    methods = _entries(registry.methods, MethodRow, "method", definitions)
    evaluators = _entries(registry.evaluators, EvaluatorFile, "evaluator", definitions)
    rated = _entries(registry.columns, ColumnRow, "column", definitions)
    definitions[NestedMethod.__name__] = _nested(registry.methods)
    definitions[NestedColumn.__name__] = _nested(registry.columns)
    top: Schema = schema["properties"]
    top["model"]["anyOf"].insert(0, _TEXT | {"description": f"Short for {{name: ...}}. {ModelFile.__doc__}"})
    top["data"]["anyOf"] = [*_sources(registry.sources, definitions), {"type": "null"}]
    others = [{"$ref": f"#/$defs/{row.__name__}"} for row in (PolicyRow, AgainRow)]
    top["methods"]["items"] = {"anyOf": [_names(registry.methods), *methods, *rated, *others]}
    top["evaluators"]["items"] = {"anyOf": [_names(registry.evaluators), *evaluators]}
    return {"$schema": DIALECT, **schema}


def _describe(schema: Schema, kind: type) -> None:
    """Add what stands under each field of `kind` to the schema of its instances."""
    docs = field_docs(kind)
    for name, one in schema.get("properties", {}).items():
        if name in docs:
            one["description"] = docs[name]


def _names(shelf: Shelf[Any]) -> Schema:
    return {"type": "string", "enum": list(shelf.offers), "title": f"a {shelf.kind} by name"}


def _entries(shelf: Shelf[Any], model: type[BaseModel], key: str, definitions: Schema) -> list[Schema]:
    """For every plugin on a shelf, a mapping of the form of `model` that names it and takes its options."""
    found: list[Schema] = []
    for name, kind in shelf.offers.items():
        form = model.model_json_schema()
        form.pop("$defs", None)
        _describe(form, model)
        form["title"] = f"{shelf.kind} {name}"
        form["description"] = _summary(kind)
        form["properties"].get("training", {}).pop("default", None)
        form["properties"][key] = {"const": name}
        form["properties"]["options"] = {"$ref": f"#/$defs/{_definition(shelf, name)}"}
        definitions[_definition(shelf, name)] = _options(kind, definitions, grid=key != "evaluator")
        found.append(form)
    return found


def _sources(shelf: Shelf[Any], definitions: Schema) -> list[Schema]:
    found: list[Schema] = []
    for name, kind in shelf.offers.items():
        form = _options(kind, definitions, grid=False)
        form["properties"] = {"source": {"const": name}, **form["properties"]}
        form.pop("required", None)  # what a suite leaves out, one that it extends may say
        found.append(form | {"title": f"source {name}", "description": _summary(kind)})
    return found


def _definition(shelf: Shelf[Any], name: str) -> str:
    return f"{shelf.kind}-{name}-options"


def _options(kind: type, definitions: Schema, *, grid: bool) -> Schema:
    """The options of a plugin as a mapping; with `grid`, a list of values will do where one value is meant."""
    types = option_types(kind)
    schema: Schema = types.adapter.json_schema()
    definitions.update(schema.pop("$defs", {}))
    schema.setdefault("properties", {})
    schema["additionalProperties"] = False
    _describe(schema, kind)
    for field in dataclasses.fields(kind):
        default = field.default_factory() if callable(field.default_factory) else field.default
        if field.name in types.nested and isinstance(default, Method | Column):
            schema["properties"][field.name]["default"] = named(default, defaults=False)
    if grid:
        for name, one in schema["properties"].items():
            if not types.takes_list(name):
                schema["properties"][name] = _one_or_many(one)
    return schema


def _one_or_many(one: Schema) -> Schema:
    outer = {key: one[key] for key in ("title", "description", "default") if key in one}
    inner = {key: value for key, value in one.items() if key not in outer}
    return outer | {"anyOf": [inner, {"type": "array", "items": inner, "minItems": 1}]}


def _nested(shelf: Shelf[Any]) -> Schema:
    """A method or a column as an option: its name, or `{method, options}`, `{column, options}`."""
    forms = [
        {
            "type": "object",
            "title": f"{shelf.kind} {name}",
            "properties": {shelf.kind: {"const": name}, "options": {"$ref": f"#/$defs/{_definition(shelf, name)}"}},
            "required": [shelf.kind],
            "additionalProperties": False,
        }
        for name in shelf.offers
    ]
    return {"anyOf": [_names(shelf), *forms]}


def _summary(kind: type) -> str:
    """The first paragraph of a plugin's docstring."""
    return " ".join((kind.__doc__ or "").split("\n\n")[0].split())
