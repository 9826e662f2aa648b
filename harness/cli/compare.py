"""`harness compare`: rows against a baseline, from records alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from harness.cli.json_output import print_json
from harness.cli.options import AsJson, ResultsFolder
from harness.cli.run_records import records_of


class Covered(StrEnum):
    """What intervals may cover."""

    E1 = "E1"
    E2 = "E2"
    E3 = "E3"


def compare(
    results: ResultsFolder,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Label of the row to compare with; the suite's own by default.")
    ] = None,
    metric: Annotated[
        list[str], typer.Option("--metric", help="As the board names it; may be repeated. By default the primary one.")
    ] = [],  # noqa: B006  # typer's way of saying "none"
    estimand: Annotated[
        Covered,
        typer.Option(
            "--estimand",
            help="What intervals cover. E1: new items, a fresh training run; E2: these items, a fresh run; "
            "E3: new items, these checkpoints.",
        ),
    ] = Covered.E1,
    as_json: AsJson = False,
) -> None:
    """Compare rows with a baseline: differences, intervals, corrected p, what could have been seen."""
    from harness.board.query import compare as compared
    from harness.board.query import plain
    from harness.store import read_manifest

    manifest = read_manifest(results)
    records = records_of(results, manifest)
    found = compared(manifest, records, baseline=baseline, metrics=metric, estimand=estimand.value)
    if as_json:
        print_json(plain(found.families))
        return
    from harness.cli.show import out
    from harness.render.comparison_tables import comparison_table
    from harness.render.terminal import print_table

    for family in found.families:
        print_table(out(), comparison_table(family, found.headings[family.metric], found.rows))
