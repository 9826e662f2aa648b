"""One HTML file with all that is known of a suite's run."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from harness.figures import figures_of
from harness.figures.theme import config
from harness.page.answer_data import answer_data
from harness.page.bundle import vega_bundle
from harness.page.colours import colours
from harness.page.figure_data import figure_data, groups
from harness.page.headline import facts, verdict
from harness.page.island import island
from harness.page.metric_view import by_evaluator, metric_views
from harness.page.policy import content_security_policy
from harness.page.row_view import row_views
from harness.page.sections import sections, surroundings_tables
from harness.render.legend import banners, interval_sentences, order_sentence
from harness.render.metric_tables import headline
from harness.render.text import one_line
from harness.render.visible import visible
from harness.report import Report

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

SCRIPTS = ("elements", "theme", "ranking", "row", "figures", "answers", "keys", "print")
"""Parts of the page's own script, in the order in which they need each other."""
_PARTS = re.compile("(?<=[/_])")


def page_html(report: Report) -> str:
    """The page. Equal reports give equal text: there is no time of building in it and nothing random.

    Raises:
        HarnessError: the charting library that is installed cannot be put into a page.
    """
    board = report.board
    metrics = metric_views(board)
    rows = row_views(report)
    primary = metrics[0] if metrics and board.primary_metric is not None else None
    figures = figures_of(report)
    script, bundle = _script(), vega_bundle()
    shown = {one_line(heading.name) for heading in headline(board)}
    text = _environment().get_template("leaderboard.html.j2").render(
        board=board,
        suite=one_line(board.suite),
        description=one_line(board.description, 1000),
        model=one_line(board.model),
        data=one_line(board.data),
        policy=content_security_policy((script, bundle)),
        style=f"{colours()}\n{_asset('page.css')}",
        script=script,
        bundle=bundle,
        verdict=verdict(board, primary),
        facts=facts(report, primary),
        banners=[b.partition(": ")[::2] for b in banners(board)],
        order=order_sentence(board),
        intervals=interval_sentences(board),
        rows=rows,
        metrics=metrics,
        metric_groups=by_evaluator(metrics),
        focus=metrics[0] if metrics else None,
        checked={place for place, view in enumerate(metrics) if view.name in shown},
        beside=[(place, view) for place, view in enumerate(metrics) if place and view.name in shown],
        standings=list(dict.fromkeys(row.standing for row in rows)),
        sizes=board.sizes,
        sections=sections(board),
        surroundings=surroundings_tables(report.surroundings),
        reproduce=one_line(report.reproduce, 4000),
        as_run=visible(report.as_run),
        groups=groups(figures),
        answers=len(report.samples),
        board_data=island({"rows": [row.data() for row in rows], "metrics": [view.data() for view in metrics]}),
        figure_data=island({**figure_data(figures), "light": config(dark=False), "dark": config(dark=True)}),
        answer_data=island(answer_data(report)),
    )  # fmt: skip
    return text.encode("utf-8", "replace").decode()


@cache
def _environment() -> Environment:
    import jinja2

    made = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["breakable"] = _breakable
    return made


def _breakable(text: str) -> Markup:
    """A name that may be broken where its parts meet."""
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(part) for part in _PARTS.split(text))


def _script() -> str:
    parts = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


@cache
def _asset(name: str) -> str:
    return files("harness.page").joinpath("assets", name).read_text(encoding="utf-8").replace("\r\n", "\n")
