"""A results folder from records that were made by hand, with the files that steps leave beside them.

Written as `Store.commit` does, but without waiting for the disk: there are hundreds of steps.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.records import Record, RunManifest
from harness.store import RECORD, Store

Lines = Callable[[Record], Sequence[Mapping[str, Any]]]


def write_run(
    root: Path, manifest: RunManifest, records: Mapping[str, Record], *, answers: Lines, curve: Lines
) -> Path:
    """Returns the suite's folder.

    Args:
        root: the results folder.
        manifest: of the run.
        records: its steps, by digest.
        answers: record of an evaluation -> what was sampled for it, a line each; nothing where nothing was.
        curve: record of a training -> what it logged, a line per step.
    """
    store = Store(root)
    store.prepare()
    for one in records.values():
        files: dict[str, Sequence[Mapping[str, Any]]] = {}
        if one.kind == "train":
            files["metrics.jsonl"] = curve(one)
        elif one.results is not None:
            files["generations.jsonl"] = answers(one)
        files = {name: lines for name, lines in files.items() if lines}
        folder = store.folder(one.digest)
        folder.mkdir()
        for name, lines in files.items():
            (folder / name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        record = one.model_copy(update={"payload": list(files)})
        (folder / RECORD).write_text(record.model_dump_json(), encoding="utf-8")
    return store.write_manifest(manifest)
