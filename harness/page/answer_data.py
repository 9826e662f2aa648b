"""What models answered, as a page carries it: hostile texts with nothing hidden in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.page.island import short
from harness.render.metric_tables import headline
from harness.render.numbers import fixed
from harness.render.text import one_line
from harness.render.visible import visible
from harness.report import Answer, Report

OPENING = 80
"""Characters of a prompt that stand in the list of prompts."""


def answer_data(report: Report) -> dict[str, Any]:
    """For the page's script."""
    places = {row.label: place for place, row in enumerate(report.board.rows)}
    metrics = list(report.verdict_metrics)
    headings = {heading.name: heading for heading in report.board.metrics}
    return {
        "metrics": [one_line(name) for name in metrics],
        "first": [metrics.index(h.name) for h in headline(report.board) if h.name in metrics],
        "higher": [headings[name].higher_is_better if name in headings else None for name in metrics],
        "prompts": [
            {
                "evaluator": one_line(sample.evaluator),
                "item": one_line(sample.item, OPENING),
                "opening": one_line(visible(sample.prompt[: 4 * OPENING]), OPENING),
                "prompt": visible(sample.prompt),
                "answers": [_answer(a, places[a.row], metrics) for a in sample.answers if a.row in places],
            }
            for sample in report.samples
        ],
    }


def _answer(answer: Answer, place: int, metrics: list[str]) -> list[Any]:
    """[row, text, finished, cut, verdicts]; the verdicts in the order of the metrics."""
    return [place, visible(answer.text), int(answer.finished), int(answer.cut), _verdicts(answer.verdicts, metrics)]


def _verdicts(found: Mapping[str, float], metrics: list[str]) -> list[Any]:
    values = [short(found.get(name)) for name in metrics]
    return [None if value is None else [value, _figure(value)] for value in values]


def _figure(value: float) -> str:
    return fixed(value, 0 if float(value).is_integer() and abs(value) >= 2 else 3)
