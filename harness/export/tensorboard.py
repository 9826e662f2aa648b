"""Event files for TensorBoard: scalars over the steps, an HParams table, and the board as text.

Written by TensorBoard's own record writer, so that equal results give equal bytes: its file names and first events hold
the records' times instead of now's. TensorBoard shows numbers of 32 bits alone.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from harness.digest import digest
from harness.export.exported import Exported, State
from harness.export.folder import exported_before, replaced, write_marker
from harness.export.names import FOLDERS, Alphabet, legal
from harness.export.runs import Described
from harness.export.tensorboard_events import EventFiles
from harness.export.told import Dictionary, text_of
from harness.export.tracker_run import Scalar, TrackerRun
from harness.reporter import Progress

TAGS = Alphabet(re.compile(r"[^A-Za-z0-9_./ :,;=+()\[\]-]"), 200)
FORM = 1
"""Raised when the same results are written differently."""
LONGEST_TEXT = 1000
"""Characters of a setting in the HParams table."""


def export(described: Described, folder: Path, advance: Progress) -> Exported:
    """Write what TensorBoard shows of a suite's results into a folder of its own, which is replaced as a whole.

    Raises:
        HarnessError: TensorBoard is not installed.
        StoreError: the folder cannot be written, or holds what no export made.
    """
    before = exported_before(folder).get("runs", {})
    settings = described.settings
    names = Dictionary(TAGS, tuple(described.metrics), tuple(dict.fromkeys(name for one in settings for name in one)))
    types = _types(settings)
    labels = dict.fromkeys(row.label for row in described.manifest.rows)
    places = legal({"board": "board", **{f"row {label}": label for label in labels}}, FOLDERS)
    done = Exported("tensorboard", str(folder), f"tensorboard --logdir {shlex.quote(str(folder))}")
    contents: dict[str, str] = {}
    headline: dict[str, None] = {}
    started: list[float] = []
    with replaced(folder) as partial:
        files = EventFiles(partial)
        for number, run in enumerate(described, 1):
            told = names.told(run)
            place = places["board"] if run.kind == "board" else _place(places[f"row {run.row}"], run)
            shown = run.settings if run.kind != "board" else {}
            hparams = {n: text_of(v, LONGEST_TEXT) if types[n] is str else v for n, v in shown.items()}
            spelt = names.parameters(hparams)
            too_large = files.write_run(place, run, told, {spelt[n]: v for n, v in hparams.items()})
            content = digest([FORM, place, run.content, sorted(run.tags.items())])
            state: State = "written" if run.key not in before else "updated"
            done.add(run, place, "unchanged" if before.get(run.key) == content else state, too_large)
            contents[run.key] = content
            headline |= dict.fromkeys(told.headline)
            started.append(run.started)
            advance(number, len(described))
        spelt = names.parameters(types)
        files.write_overview({spelt[n]: kind for n, kind in types.items()}, list(headline), min(started, default=0.0))
        write_marker(partial, {"tracker": "tensorboard", "suite": described.manifest.suite, "runs": contents})
    return done


def _place(folder: str, run: TrackerRun) -> str:
    return folder if run.seed is None else f"{folder}/seed {run.seed}"


def _types(settings: Sequence[dict[str, Scalar]]) -> dict[str, type]:
    """bool, float or str of every setting: what all runs can be told in. Those that differ between runs stand first."""
    values: dict[str, list[Scalar]] = {}
    for one in settings:
        for name, value in one.items():
            values.setdefault(name, []).append(value)
    kinds = {name: {_kind(value) for value in found} for name, found in values.items()}
    alike = {name: len(found) == len(settings) and len(set(map(repr, found))) == 1 for name, found in values.items()}
    ordered = sorted(values, key=lambda name: alike[name])
    return {name: next(iter(kinds[name])) if len(kinds[name]) == 1 else str for name in ordered}


def _kind(value: Scalar) -> type:
    return bool if isinstance(value, bool) else str if isinstance(value, str) else float
