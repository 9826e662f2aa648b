"""The part of JSON Schema, draft 2020-12, that our schemas use: whether a value is valid."""

from __future__ import annotations

import json
from typing import Any

Schema = dict[str, Any]
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
ANNOTATIONS = {"title", "description", "default", "$defs", "$schema"}
UNDERSTOOD = ANNOTATIONS | {
    "$ref",
    "anyOf",
    "oneOf",
    "const",
    "enum",
    "type",
    "required",
    "properties",
    "additionalProperties",
}
NUMBERS = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
LENGTHS = {"items", "minItems", "uniqueItems", "minLength", "minProperties"}


def fits(value: Any, schema: Schema, root: Schema) -> bool:
    """Whether `value` is valid, by the part of draft 2020-12 that our schemas use."""
    assert schema.keys() <= UNDERSTOOD | NUMBERS | LENGTHS
    if "$ref" in schema:
        return fits(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root)
    if "anyOf" in schema and not any(fits(value, one, root) for one in schema["anyOf"]):
        return False
    if "oneOf" in schema and sum(fits(value, one, root) for one in schema["oneOf"]) != 1:
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if "type" in schema:
        is_flag = isinstance(value, bool) and schema["type"] != "boolean"
        if is_flag or not isinstance(value, TYPES[schema["type"]]):
            return False
    if isinstance(value, dict):
        return mapping_fits(value, schema, root)
    if isinstance(value, list):
        distinct = not schema.get("uniqueItems") or len({json.dumps(item) for item in value}) == len(value)
        long_enough = len(value) >= schema.get("minItems", 0)
        return distinct and long_enough and all(fits(item, schema.get("items", {}), root) for item in value)
    return scalar_fits(value, schema)


def mapping_fits(value: dict[str, Any], schema: Schema, root: Schema) -> bool:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    if not set(schema.get("required", ())) <= value.keys() or len(value) < schema.get("minProperties", 0):
        return False
    for key, item in value.items():
        one = known.get(key, others)
        if one is False or (one is not True and not fits(item, one, root)):
            return False
    return True


def scalar_fits(value: Any, schema: Schema) -> bool:
    if isinstance(value, str):
        return len(value) >= schema.get("minLength", 0)
    if value is None or isinstance(value, bool):
        return True
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
    )
