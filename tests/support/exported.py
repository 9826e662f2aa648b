"""A results folder with training logs, as a run leaves it, for tests of exports; and a tracker's files read back."""

from __future__ import annotations

import json
import struct

import boards
import numpy as np

from harness.export import describe
from harness.records import Cell, Provenance, RunManifest
from harness.report.read import read_results

STARTED = 1767225600.0
"""`boards.PROVENANCE.started`."""
STEPS = 12


def log_lines(seed, steps=STEPS):
    """What a training of a few steps logs; the third loss was not finite."""
    draw = np.random.default_rng(seed)
    lines = [
        {
            "step": k + 1,
            "loss": float(0.69 - 0.01 * k + draw.normal(0, 0.001)),
            "gradient_norm": float(draw.uniform(0.1, 1.0)),
            "response_tokens": int(draw.integers(900, 1100)),
            "micro_batches": [31, 33],
        }
        for k in range(steps)
    ]
    lines[2]["loss"] = None
    return lines


def results(root, *, extra=None, losses=None):
    """`root/core`: the base, and two methods of two seeds each; `rpo` has one seed whose training failed.

    Args:
        extra: label of a further row -> fields of its manifest; its one metric has the label's name too.
        losses: (row label, seed) -> what its log holds instead.
    """
    draw = np.random.default_rng(3)
    rows, records = [], {}
    labels = {"base": [None], "dpo": [0, 1], "rpo": [0, 1], **{label: [0] for label in extra or {}}}
    for label, seeds in labels.items():
        cells = []
        for seed in seeds:
            failed = (label, seed) == ("rpo", 1)
            state, reason = ("failed", "DataError: the loss is not finite at step 17") if failed else ("done", "")
            step, judged = f"{len(rows):015x}{seed or 0:x}" + "1" * 16, f"{len(rows):015x}{seed or 0:x}" + "e" * 16
            if seed is not None:
                cells.append(Cell(what="train", seed=seed, digest=step, state=state, reason=reason))
            cells.append(Cell(what="truth", seed=seed, digest=judged, state=state, reason=reason))
            if failed:
                continue
            if seed is not None:
                records[step] = boards.training(step).model_copy(update={"provenance": provenance()})
                write_log(root, step, (losses or {}).get((label, seed), log_lines(seed)))
            figures = [boards.figure("truth/score", draw.normal(0.5, 0.1, 20), items="items 0")]
            figures.append(figures[0].model_copy(update={"subset": "length: longer", "value": 0.25}))
            if label in (extra or {}):
                figures.append(figures[0].model_copy(update={"metric": f"truth/{label}"}))
            records[judged] = boards.evaluation(judged, figures, n=20)
        options = {"beta": 0.1, "nested": {"k": 2, "of": [1, 2], "none": None}} if seeds != [None] else {}
        rows.append(boards.row(label, cells, **{"options": options, **(extra or {}).get(label, {})}))
    budget = {"prompts": 3072, "epochs": 1, "batch": 64}
    made = boards.manifest(rows, ["truth"], as_run={"budget": budget, "seeds": [0, 1]})
    write(root, made, records)
    return root / "core"


def provenance():
    versions = {"python": "3.11.7", "torch": "2.13.0"}
    host = {"processor": "a processor", "cores": 2, "gpus": []}
    return Provenance(
        started=boards.PROVENANCE.started, host=host, versions=versions, plugins={}, engine={"device": "cpu"}
    )


def write(root, manifest, records):
    (root / manifest.suite).mkdir(parents=True, exist_ok=True)
    (root / manifest.suite / "run.json").write_text(manifest.model_dump_json())
    for name, record in records.items():
        (root / "steps" / name).mkdir(parents=True, exist_ok=True)
        (root / "steps" / name / "record.json").write_text(record.model_dump_json())


def write_log(root, step, lines):
    folder = root / "steps" / step
    folder.mkdir(parents=True, exist_ok=True)
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    (folder / "metrics.jsonl").write_text("".join(f"{text}\n" for text in texts))


def described(folder, *, only=(), files=None):
    read = read_results([folder])
    return describe(read.manifest, read.records, read.board, read.stores, only=only, files=files)


def rescored(folder, label, seed, value):
    """Give one evaluation another figure, as an evaluator of another version would."""
    manifest = RunManifest.model_validate_json((folder / "run.json").read_text())
    cell = next(
        cell for row in manifest.rows if row.label == label for cell in row.cells
        if cell.seed == seed and cell.what == "truth"
    )  # fmt: skip
    path = folder.parent / "steps" / cell.digest / "record.json"
    record = json.loads(path.read_text())
    record["results"]["figures"][0]["value"] = value
    path.write_text(json.dumps(record))


def ignored(done, total):
    """Progress that nobody looks at."""


def wandb_records(path):
    """The records of a file that Weights & Biases keeps offline: LevelDB's log format after a header of seven bytes."""
    from wandb.proto import wandb_internal_pb2

    content = path.read_bytes()
    assert content[:4] == b":W&B"
    place, whole, found = 7, b"", []
    while place + 7 <= len(content):
        left = 32768 - place % 32768
        if left < 7:
            place += left
            continue
        _, length, kind = struct.unpack("<IHB", content[place : place + 7])
        whole += content[place + 7 : place + 7 + length]
        place += 7 + length
        if kind in (1, 4):  # the only part of a record, or its last
            record = wandb_internal_pb2.Record()
            record.ParseFromString(whole)
            found.append(record)
            whole = b""
    return found
