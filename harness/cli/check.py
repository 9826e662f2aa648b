"""`harness check`: a run held to its baseline. Exit code 0: it holds; 1: a regression; 2: nothing can be said."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import ResultsFolder
from harness.cli.outcome_forms import Form, in_actions, summarize, tell, tell_github, text_of
from harness.cli.run_records import records_of
from harness.errors import HarnessError
from harness.gate.places import baseline_file

if TYPE_CHECKING:
    from harness.gate import Outcome


FAULT = 2
"""Exit code of a fault of ours: left to itself, Python leaves with 1, which says regression."""


def check(
    results: ResultsFolder,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help="What `harness accept` wrote. By default baselines/SUITE.json beside RESULTS."),
    ] = None,
    margin: Annotated[
        list[str],
        typer.Option(
            "--margin",
            help="Drop to let pass: 0.02 for all fractions, METRIC=0.05 for one metric, in its unit; may be repeated.",
        ),
    ] = [],  # noqa: B006  # typer's way of saying "none"
    cost_factor: Annotated[
        float, typer.Option("--cost-factor", help="Times the baseline that a cost may have grown to.")
    ] = 2.0,
    alpha: Annotated[
        float, typer.Option("--alpha", help="Chance of any false alarm over all figures together.")
    ] = 0.05,
    form: Annotated[Form, typer.Option("--format", help="What standard output has.")] = Form.terminal,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs: --format json.")] = False,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Also write a summary in Markdown here.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Also write JUnit XML here.")] = None,
    json_file: Annotated[Path | None, typer.Option("--json-file", help="Also write JSON here.")] = None,
    github: Annotated[
        bool | None,
        typer.Option(
            "--github/--no-github",
            help="Annotate a run of GitHub Actions and append to its summary; by default if GITHUB_ACTIONS is true.",
        ),
    ] = None,
) -> None:
    """Hold a run to its baseline: leaves with 1 on a regression, with 2 where nothing can be said."""
    found = _found(Asked(results, baseline, tuple(margin), cost_factor, alpha))
    try:
        _show(found, Form.json if as_json else form, github=in_actions() if github is None else github)
        _write(found.outcome, {Form.markdown: markdown, Form.junit: junit, Form.json: json_file})
    except HarnessError:
        raise
    except Exception:
        traceback.print_exc()
        sys.exit(FAULT)
    sys.exit(found.outcome.exit_code)


def _show(found: _Found, shown: Form, *, github: bool) -> None:
    """The outcome on standard output, and why nothing can be said on standard error."""
    if github:
        tell_github(found.outcome, shown)
        summarize(found.outcome)
    else:
        if found.error is None or shown is not Form.terminal:
            tell(found.outcome, shown)
        from harness.render.visible import visible

        sys.stderr.write("" if found.error is None else f"{visible(str(found.error))}\n")


@dataclass(frozen=True)
class Asked:
    """A run and what it is held to, as the command line says it."""

    results: Path
    baseline: Path | None = None
    margins: tuple[str, ...] = ()
    cost_factor: float = 2.0
    alpha: float = 0.05


@dataclass(frozen=True)
class _Found:
    outcome: Outcome
    error: HarnessError | None = None
    """Why nothing can be said, where that is so."""


def _found(asked: Asked) -> _Found:
    """What the gate says. What a person can mend, and a bug of ours, are outcomes too: nothing can be said."""
    try:
        return _Found(checked(asked))
    except HarnessError as error:
        return _Found(_unsaid(asked, error), error)
    except Exception as error:
        traceback.print_exc()
        failed = HarnessError(f"the gate itself failed: {type(error).__name__}: {error}", fix="report it")
        return _Found(_unsaid(asked, failed), failed)


def _unsaid(asked: Asked, error: HarnessError) -> Outcome:
    from harness.gate import Outcome

    suite, reason = asked.results.resolve().name, " ".join(str(error).split())
    return Outcome(suite, "undetermined", asked.alpha, 0, (), (), (), (), (reason,))


def checked(asked: Asked) -> Outcome:
    """What the gate says of a run.

    Raises:
        HarnessError: nothing can be said.
    """
    from harness.gate.baseline import read_baseline
    from harness.gate.check import check as compared
    from harness.gate.margins import Margins, Settings
    from harness.store import read_manifest

    settings = Settings(asked.alpha, Margins.parse(asked.margins), asked.cost_factor)
    manifest = read_manifest(asked.results)
    kept = read_baseline(asked.baseline or baseline_file(asked.results, manifest.suite))
    return compared(kept, manifest, records_of(asked.results, manifest), settings)


def _write(outcome: Outcome, files: dict[Form, Path | None]) -> None:
    from harness.store import write_atomically

    for form, path in files.items():
        if path is not None:
            write_atomically(path, text_of(outcome, form))
