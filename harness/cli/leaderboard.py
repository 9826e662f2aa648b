"""`harness leaderboard`: the board of one results folder, or of several joined, rebuilt from records alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import AsJson
from harness.errors import SuiteError

if TYPE_CHECKING:
    from rich.status import Status

    from harness.figures.figure import Figure
    from harness.report.read import Read
    from harness.report.report import Report

FIGURES = "figures"
"""Folder of the drawn figures, beside the page."""
SHORT = "leaderboard.short.md"


class Form(StrEnum):
    """What a board is written as."""

    html = "html"
    md = "md"
    csv = "csv"
    json = "json"
    svg = "svg"
    png = "png"


USUAL = (Form.html, Form.md, Form.csv, Form.json)
"""What is written where no form is asked for."""
DRAWN = (Form.svg, Form.png)


def leaderboard(
    results: Annotated[
        list[Path], typer.Argument(help="A suite's results folder, such as results/core; several are joined.")
    ],
    form: Annotated[
        list[Form],
        typer.Option("--format", help="Write this and print where it is; may be repeated. svg, png: every figure."),
    ] = [],  # noqa: B006  # typer's way of saying "none"
    out: Annotated[
        Path | None, typer.Option("--out", help="Where files are written; by default into RESULTS, if it is one.")
    ] = None,
    figure: Annotated[
        list[str],
        typer.Option("--figure", help="With svg or png: these alone, as forest-* or a name; may be repeated."),
    ] = [],  # noqa: B006
    short: Annotated[
        bool, typer.Option("--short", help=f"With md: also {SHORT}, for a README or a pull request.")
    ] = False,
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Rebuild a board from the records, write its files anew, and print it; or join several."""
    from rich.console import Console

    from harness.report.read import read_results

    folder = out or (results[0] if len(results) == 1 else None)
    forms = _forms(form, folder, figure, short=short, open_page=open_page)
    with Console(stderr=True).status("reading records") as status:
        found = read_results(results)
        paths = _write(found, folder, forms, figure, short, status) if folder else []
    if as_json:
        from harness.render.board_json import json_text

        sys.stdout.write(json_text(found.board))
    elif form:
        sys.stdout.write("".join(f"{path}\n" for path in paths))
    else:
        from harness.cli.show import show_board

        show_board(found.board)
    if open_page:
        _open(next(path for path in paths if path.suffix == ".html"))


def _forms(
    asked: Sequence[Form], folder: Path | None, figures: Sequence[str], *, short: bool, open_page: bool
) -> tuple[Form, ...]:
    """What is to be written.

    Raises:
        SuiteError: options that do not go together.
    """
    if folder is None and (asked or open_page or short or figures):
        raise SuiteError(
            "files of a board of several results folders have no place of their own",
            fix="say where they are to be written: --out DIR",
        )
    wanted = [*(asked or USUAL), *([Form.html] if open_page else [])]
    forms = tuple(dict.fromkeys(wanted))
    if figures and not set(forms) & set(DRAWN):
        raise SuiteError("--figure picks what is drawn, and nothing is", fix="add --format svg or --format png")
    if short and Form.md not in forms:
        raise SuiteError("--short is a form of md, which is not written", fix="add --format md")
    return forms


def _write(
    found: Read, folder: Path, forms: Sequence[Form], figures: Sequence[str], short: bool, status: Status
) -> list[Path]:
    """The page and figures last, which take longest; nothing where a figure is asked for that there is not."""
    from harness.render.files import FORMS, write_board
    from harness.render.markdown import summary_markdown
    from harness.store import write_atomically

    report: Report | None = None
    chosen: list[Figure] = []
    if set(forms) & {Form.html, *DRAWN}:
        status.update("gathering curves and answers")
        report = found.report()
        chosen = _chosen(report, figures) if set(forms) & set(DRAWN) else []
    paths = list(write_board(found.board, folder, [form.value for form in forms if form.value in FORMS]))
    if short:
        paths.append(folder / SHORT)
        write_atomically(folder / SHORT, summary_markdown(found.board))
    if report is not None and Form.html in forms:
        from harness.page.files import write_page

        status.update("making the page")
        paths.append(write_page(report, folder))
    for form in [form for form in forms if form in DRAWN]:
        paths += _draw(chosen, folder / FIGURES, form, status)
    return paths


def _draw(chosen: Sequence[Figure], folder: Path, form: Form, status: Status) -> list[Path]:
    from harness.figures.draw import png, svg
    from harness.store import write_atomically

    paths = [folder / f"{one.name}.{form.value}" for one in chosen]
    for number, (one, path) in enumerate(zip(chosen, paths, strict=True), start=1):
        status.update(f"drawing figure {number} of {len(chosen)}")
        write_atomically(path, svg(one) if form is Form.svg else png(one))
    return paths


def _chosen(report: Report, names: Sequence[str]) -> list[Figure]:
    """All figures, or those that are named.

    Raises:
        SuiteError: there is no such figure.
    """
    from difflib import get_close_matches
    from fnmatch import fnmatchcase

    from harness.figures import figures_of

    figures = {one.name: one for one in figures_of(report)}
    wanted: dict[str, None] = {}
    for name in names:
        found = [one for one in figures if fnmatchcase(one, name)]
        if not found:
            near = ", ".join(get_close_matches(name, figures, n=5, cutoff=0.3)) or "none"
            problem = f"none of the {len(figures)} figures is called {name!r}; the nearest: {near}"
            raise SuiteError(problem, where="--figure", fix="--format svg alone draws every figure under its name")
        wanted |= dict.fromkeys(found)
    return [figures[name] for name in wanted or figures]


def _open(page: Path) -> None:
    """Show the page, or say where it is."""
    import webbrowser

    address = page.absolute().as_uri()
    try:
        opened = webbrowser.open(address)
    except webbrowser.Error:
        opened = False
    if not opened:
        sys.stderr.write(f"there is no browser here; the page is {address}\n")
