"""Every command: arguments in, one call, text out. The only prints and the only exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.accept import accept
from harness.cli.check import check
from harness.cli.compare import compare
from harness.cli.export import export
from harness.cli.json_output import print_json
from harness.cli.leaderboard import leaderboard
from harness.cli.options import AsJson
from harness.errors import HarnessError, SuiteError

if TYPE_CHECKING:
    from harness.host import Registry
    from harness.run.plan import Plan
    from harness.store import Store
    from harness.suite import Suite

app = typer.Typer(
    name="harness",
    help="Which preference-alignment method to trust: same preferences, same budget, honest uncertainty.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command()(leaderboard)
app.command()(compare)
app.command()(check)
app.command()(accept)
app.command()(export)

SuiteArgument = Annotated[str, typer.Argument(help="A suite file, or the name of one that ships with the harness.")]
Results = Annotated[Path, typer.Option("--results", help="The results folder.")]
Sets = Annotated[list[str], typer.Option("--set", help="dotted.key=value over the suite's own; may be repeated.")]
Seeds = Annotated[str, typer.Option("--seeds", help="The seeds themselves, as 0,1,2.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Examples per split; the board is then a trial.")]
Only = Annotated[list[str], typer.Option("--only", help="Label of a row to run; may be repeated.")]
Workers = Annotated[
    str,
    typer.Option("--workers", envvar="HARNESS_WORKERS", help="Processes that run steps side by side; 1: in this one."),
]

DEFAULT_RESULTS = Path("results")


class Kind(StrEnum):
    """What `harness ls` can list."""

    methods = "methods"
    evaluators = "evaluators"
    sources = "sources"
    columns = "columns"
    suites = "suites"
    plugins = "plugins"


def main() -> None:
    """Run the command line and leave with its exit code."""
    # Read when torch loads. Threads that spin for long while they wait are ten times slower beside other work.
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    try:
        app(standalone_mode=True)
    except HarnessError as error:
        from harness.render.visible import visible

        sys.stderr.write(f"{visible(str(error))}\n")  # it may name rows and files from anywhere
        sys.exit(2)


def _registry() -> Registry:
    from harness.host import load

    return load()


def _read(suite: str, registry: Registry, sets: list[str], seeds: str = "", only: Sequence[str] = ()) -> Suite:
    from harness.suite import read_suite

    return read_suite(suite, registry=registry, sets=sets, seeds=_seeds(seeds), only=only)


def _seeds(text: str) -> list[int] | None:
    if not text:
        return None
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise SuiteError(f"{text!r} is no list of seeds", where="--seeds", fix="write --seeds 0,1,2") from None


def _workers(text: str) -> int | None:
    if text == "auto":
        return None
    if not text.isdigit() or int(text) < 1:
        raise SuiteError(f"{text!r} is no number of processes", where="--workers", fix="write --workers 2, or auto")
    return int(text)


def _out(text: str) -> None:
    sys.stdout.write(text if text.endswith("\n") else text + "\n")


@app.command()
def run(
    suite: SuiteArgument,
    results: Results = DEFAULT_RESULTS,
    sets: Sets = [],  # noqa: B006  # typer's way of saying "none"
    seeds: Seeds = "",
    limit: Limit = None,
    only: Only = [],  # noqa: B006
    workers: Workers = "auto",
    as_json: AsJson = False,
) -> None:
    """Run what is missing of a suite, then print and write its board."""
    from rich.console import Console

    from harness.cli.progress import reporter_for
    from harness.cli.show import show_plan, show_run, show_tuning

    registry, processes = _registry(), _workers(workers)
    wanted = _read(suite, registry, sets, seeds)
    chosen = _read(suite, registry, sets, seeds, only).asked if only else ()
    quiet_environment()
    from harness.run.run_plan import missing
    from harness.run.suite_run import run_suite

    console = Console(stderr=True)
    reporter = reporter_for(console)
    reading = console.status("reading data and models")
    if wanted.tune is None:
        reading.start()
    else:
        show_tuning(console, wanted)
        quiet_libraries()

    def planned(plan: Plan, store: Store) -> None:
        if missing(plan, store):  # else nothing loads torch, and a board is there in a moment
            quiet_libraries()
        reading.stop()
        show_plan(console, plan, store)

    try:
        finished = run_suite(
            wanted, registry, results, reporter, limit=limit, only=chosen, workers=processes, planned=planned
        )
    except KeyboardInterrupt:
        console.print("interrupted: finished steps are kept; run again to go on")
        sys.exit(130)
    finally:
        reading.stop()
        reporter.close()
    if as_json:
        _out((finished.folder / "leaderboard.json").read_text(encoding="utf-8"))
    else:
        show_run(finished)
    if finished.no_page:
        from harness.render.visible import visible

        sys.stderr.write(f"there is no page of this run: {visible(finished.no_page)}\n")
    sys.exit(finished.exit_code)


@app.command()
def plan(
    suite: SuiteArgument,
    results: Results = DEFAULT_RESULTS,
    sets: Sets = [],  # noqa: B006
    seeds: Seeds = "",
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Show the steps of a suite and which are done, without running any."""
    from harness.cli.show import out, plain_plan, plan_table
    from harness.run.suite_run import plan_of
    from harness.store import Store

    registry = _registry()
    wanted = _read(suite, registry, sets, seeds)
    planned = plan_of(wanted, registry, limit, Store(results))
    if as_json:
        print_json(plain_plan(planned, Store(results)))
    else:
        out().print(plan_table(planned, Store(results)))


@app.command()
def data(
    suite: SuiteArgument,
    sets: Sets = [],  # noqa: B006
    seeds: Seeds = "",
    limit: Limit = None,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with 1 on leaks, equal pairs, doubled BOS.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what is in a suite's data, as its model will read them: what is dropped, cut, repeated, leaked."""
    from rich.console import Console

    from harness.cli.data import plain_data, show_data
    from harness.cli.progress import reporter_for
    from harness.cli.show import out

    wanted = _read(suite, _registry(), sets, seeds)
    quiet_libraries()
    from harness.audit_checks import findings
    from harness.run.suite_run import data_of

    reporter = reporter_for(Console(stderr=True))
    reporter.begin(1)
    try:
        found = data_of(wanted, limit, reporter.step("audit of the data"))
    finally:
        reporter.close()
    if as_json:
        print_json(plain_data(wanted, found))
    else:
        show_data(wanted, found, out())
    sys.exit(1 if strict and any(one.strict for one in findings(found)) else 0)


@app.command()
def validate(
    suite: SuiteArgument,
    sets: Sets = [],  # noqa: B006
    seeds: Seeds = "",
    as_json: AsJson = False,
) -> None:
    """Check a suite file; every problem is named with its line."""
    wanted = _read(suite, _registry(), sets, seeds)
    if as_json:
        print_json(wanted.as_run)
    else:
        rows = ", ".join(row.label for row in wanted.rows)
        _out(f"{wanted.name}: valid; {len(wanted.rows)} rows ({rows}), seeds {list(wanted.seeds)}")


@app.command(name="ls")
def list_(kind: Annotated[Kind, typer.Argument(help="What to list.")], as_json: AsJson = False) -> None:
    """List what is installed."""
    from harness.cli.listing import listing, listing_table
    from harness.cli.show import out

    rows = listing(kind.value, _registry)
    if as_json:
        print_json(rows)
    else:
        out().print(listing_table(kind.value, rows))


@app.command()
def schema() -> None:
    """Print the JSON Schema of suite files, for editors."""
    from harness.suite import json_schema

    print_json(json_schema(_registry()))


@app.command()
def studies(
    results: Annotated[Path, typer.Argument(help="A suite's results folder, such as results/core-tune, or a record.")],
    as_json: AsJson = False,
) -> None:
    """Show the settings that tuning chose, as a suite writes them."""
    from harness.tuning.record import read_record, snippet

    record = read_record(results)
    if as_json:
        print_json(record.model_dump(mode="json"))
    else:
        _out(snippet(record))


@app.command()
def doctor(results: Results = DEFAULT_RESULTS, as_json: AsJson = False) -> None:
    """Check this installation and this machine."""
    import dataclasses

    from harness.cli.listing import checks_table
    from harness.cli.show import out
    from harness.doctor import checks

    found = checks(results)
    if as_json:
        print_json([dataclasses.asdict(check) for check in found])
    else:
        out().print(checks_table(found))
    sys.exit(1 if any(check.state == "problem" for check in found) else 0)


@app.command(name="eval")
def evaluate(
    model: Annotated[str, typer.Option("--model", help="A model folder, or a Hub name.")],
    evaluator: Annotated[list[str], typer.Option("--evaluator", help="Evaluator name; may be repeated.")],
    results: Results = DEFAULT_RESULTS,
    sets: Sets = [],  # noqa: B006
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Judge one model, without training: `--set data.path=FILE` says on which preferences."""
    names = "[" + ", ".join(json.dumps(name) for name in evaluator) + "]"
    sets = [f"model={json.dumps(model)}", f"evaluators={names}", *sets]
    run("eval", results, sets, "", limit, [], "auto", as_json)


@app.command()
def judge(
    data: Annotated[str, typer.Argument(help="A file of preferences that people gave.")] = "",
    judges: Annotated[list[str], typer.Option("--judge", help="NAME or NAME=WHAT; may be repeated.")] = [],  # noqa: B006
    replay: Annotated[
        list[Path], typer.Option("--replay", help="Print the figures of an annotation file instead; may be repeated.")
    ] = [],  # noqa: B006
    outputs: Annotated[
        list[Path], typer.Option("--outputs", help="With --replay: the outputs that were judged, one file each.")
    ] = [],  # noqa: B006
    references: Annotated[
        Path | None, typer.Option("--reference-outputs", help="With --replay: what they were compared with.")
    ] = None,
    length_control: Annotated[bool, typer.Option("--length-control", help="With --replay: fit that too.")] = False,
    results: Results = DEFAULT_RESULTS,
    sets: Annotated[
        list[str], typer.Option("--set", help="data.key=value or NAME.key=value of a judge; may be repeated.")
    ] = [],  # noqa: B006
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Examples.")] = None,
    again: Annotated[int, typer.Option("--again", min=0, help="Pairs to ask twice of a judge that may differ.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Measure judges against people, or print the figures of recorded verdicts (fractions in JSON)."""
    from harness.cli.judge import judges_table, measure_judges, replay_files, replay_table
    from harness.cli.show import out

    if bool(replay) == bool(judges):
        raise SuiteError("give either judges or annotation files", fix="write --judge NAME or --replay ANNOTATIONS")
    if replay:
        if data or sets or limit is not None:
            raise SuiteError("--replay takes no DATA, no --set and no --limit", fix="leave them out")
        found = replay_files(_registry(), replay, outputs, references, length_control=length_control)
        if as_json:
            print_json(found[0] if len(found) == 1 else found)
        else:
            out().print(replay_table(found))
        return
    if outputs or references or length_control:
        raise SuiteError(
            "--outputs, --reference-outputs and --length-control go with --replay",
            fix="leave them out, or measure no judge",
        )
    quiet_libraries()
    measured = measure_judges(_registry(), data, judges, sets, results, limit=limit, again=again)
    if as_json:
        print_json(measured[0] if len(measured) == 1 else measured)
    else:
        out().print(judges_table(measured))


def quiet_environment() -> None:
    """Ask libraries that are not loaded yet to keep progress bars and advice off the terminal."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")  # to ask for GPUs without waking one: see `run.crew`


def quiet_libraries() -> None:
    """Load torch and transformers, and keep them and theirs quiet; their errors still come through."""
    quiet_environment()
    import torch

    if not torch.cuda.is_available():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")  # or DeepSpeed, where installed, says so on standard output
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
