"""`studies.json`: reading what a run with `tune` wrote, and its settings as a suite writes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from harness.errors import StoreError
from harness.search_space import TRAINING
from harness.study_records import STUDIES_VERSION, StudiesRecord, StudyRecord

FILE = "studies.json"
_GRID = re.compile(r"[\[,]([a-z_][\w.]*)=")
"""The options that a grid compares, in the label of one of its rows."""


def read_record(path: Path) -> StudiesRecord:
    """A `studies.json`, or that of the results folder of a suite.

    Raises:
        StoreError: there is none, it is of a newer release, or it cannot be read.
    """
    file = path / FILE if path.is_dir() else path
    try:
        data = json.loads(file.read_bytes())
        version = data.get("schema_version") if isinstance(data, dict) else None
        if isinstance(version, int) and version > STUDIES_VERSION:
            raise StoreError(
                f"{file} has schema version {version}; this release reads up to {STUDIES_VERSION}",
                fix="upgrade alignment-harness",
            )
        return StudiesRecord.model_validate(data)
    except FileNotFoundError:
        fix = "run a suite with `tune` first, and name its results folder, such as results/core-tune"
        raise StoreError(f"there is no {file}", fix=fix) from None
    except (OSError, ValueError, ValidationError) as error:
        raise StoreError(f"{file} cannot be read: {error}", fix="write it anew by a run with `tune`") from error


def snippet(record: StudiesRecord) -> str:
    """The chosen settings as YAML to be put under `methods` of a suite."""
    return yaml.safe_dump({"methods": [_entry(s) for s in record.studies if s.chosen]}, sort_keys=False, width=120)


def _entry(study: StudyRecord) -> dict[str, Any]:
    assert study.chosen is not None
    settings = next(trial.settings for trial in study.trials if trial.number == study.best)
    entry: dict[str, Any] = {"method": study.chosen.method}
    if study.row != study.chosen.method:
        entry["label"] = study.row
    for name, value in settings.items():
        if name.startswith(TRAINING):
            entry.setdefault("training", {})[name.removeprefix(TRAINING)] = value
    compared = set(_GRID.findall(study.row))  # or a row would be called dpo[beta=0.5] and be trained with another beta
    options = _options(study.chosen.options, compared | {n for n in settings if not n.startswith(TRAINING)})
    return entry | ({"options": options} if options else {})


def _options(options: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """The options that were searched or compared, in the places where a suite writes them."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        inner = {one.removeprefix(f"{name}.") for one in wanted if one.startswith(f"{name}.")}
        if name in wanted:
            found[name] = value
        elif inner:
            key = "method" if "method" in value else "column"
            found[name] = {key: value[key], "options": _options(value["options"], inner)}
    return found
