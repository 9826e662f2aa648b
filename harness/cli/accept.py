"""`harness accept`: a run becomes the baseline that later runs are held to."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.json_output import print_json
from harness.cli.options import AsJson, ResultsFolder
from harness.cli.repository import commit_of, ignored
from harness.cli.run_records import records_of
from harness.errors import HarnessError
from harness.gate.places import baseline_file, history_file

if TYPE_CHECKING:
    from harness.baseline_records import Acceptance
    from harness.records import RunManifest

OPEN = ("failed", "missing")
"""States of cells that a later run might fill."""
MOST = 5
"""Cells that an error names."""


def accept(
    results: ResultsFolder,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help="The file to write. By default baselines/SUITE.json beside RESULTS."),
    ] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="Why, for the history.")] = "",
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Accept a run with cells that failed or are missing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a run the baseline: writes it and its history, and says what changed."""
    from harness.gate.baseline import baseline_of, read_baseline, write_baseline
    from harness.gate.history import accepted, read_history, write_history
    from harness.store import read_manifest

    manifest = read_manifest(results)
    refuse(manifest, incomplete=incomplete)
    file = baseline or baseline_file(results, manifest.suite)
    beside = history_file(file)
    old = read_baseline(file) if file.exists() else None
    history = read_history(beside) if beside.exists() else None
    records = records_of(results, manifest)
    new = baseline_of(manifest, records)
    changed = new != old or history is None or not history.acceptances
    if history is None or changed:
        now = datetime.now(UTC).isoformat(timespec="seconds")
        history = accepted(history, old, new, manifest, records, message, commit_of(results), now)
        write_history(history, beside)
        write_baseline(new, file)
    last = history.acceptances[-1]
    if as_json:
        told = {"suite": manifest.suite, "changed": changed, "baseline": str(file), "history": str(beside)}
        plain = {**told, "acceptance": last.model_dump(mode="json")}
        print_json(plain)
    elif changed:
        _show(manifest.suite, last, first=len(history.acceptances) == 1, files=(file, beside))
    else:
        sys.stdout.write(f"{file} is of this very run: nothing to write\n")


def refuse(manifest: RunManifest, *, incomplete: bool) -> None:
    """Refuse what must not become a baseline.

    Raises:
        HarnessError: the run is a trial, or cells failed or are missing where that is not allowed.
    """
    if manifest.trial:
        raise HarnessError(
            f"the run of {manifest.suite} is a trial: --limit cut its examples short", fix="run it without --limit"
        )
    from harness.render.text import one_line

    cells = [(one_line(row.label), cell) for row in manifest.rows for cell in row.cells]
    told = [f"{label}, {one_line(c.what)}, seed {c.seed}: {c.state}" for label, c in cells if c.state in OPEN]
    if told and not incomplete:
        more = f", and {len(told) - MOST} more" if len(told) > MOST else ""
        raise HarnessError(
            f"the run of {manifest.suite} is not complete ({'; '.join(told[:MOST])}{more}): later runs would not be "
            "held to what is not there",
            fix="run the suite again, or accept it as it is with --incomplete",
        )


def _show(suite: str, last: Acceptance, *, first: bool, files: tuple[Path, ...]) -> None:
    """What changed, and what to do next."""
    from rich.text import Text

    from harness.cli.show import out
    from harness.render.gate_changes import change_sentence, changes_table
    from harness.render.terminal import print_table
    from harness.render.text import one_line

    console = out()
    table = changes_table(last)
    if table is not None:
        print_table(console, table)
    for change in last.settings_changed:
        console.print(Text(f"Settings: {one_line(change)}"))
    console.print(Text(change_sentence(suite, last, first=first), style="bold"))
    named = [shlex.quote(one_line(str(file), 4096)) for file in files]
    told = [f"written: {name}" for name in named]
    hidden = [name for file, name in zip(files, named, strict=True) if ignored(file)]
    told += [f"git ignores {name}: add its folder to .gitignore with a ! before it" for name in hidden[:1]]
    for line in [*told, f"next: git add {' '.join(named)} and commit"]:
        console.print(Text(line), soft_wrap=True)
