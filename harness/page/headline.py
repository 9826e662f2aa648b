"""What a board says in a few sentences and figures: who leads, against what, by how much, how far to believe it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.board import Board, BoardRow, Comparison
from harness.page.metric_view import MetricView
from harness.render.numbers import duration, whole
from harness.render.text import NONE, one_line
from harness.report import Report

MOST_NAMED = 5
MOST_LEADERS = 4
LONGEST_NAME = 80
"""Characters of a row's label in a sentence."""
UNDONE = ("failed", "missing", "partial")


@dataclass(frozen=True)
class Words:
    """A piece of a sentence; names stand out."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Fact:
    """A figure at the head of the page."""

    name: str
    value: str
    about: str = ""


def verdict(board: Board, primary: MetricView | None) -> tuple[Words, ...]:
    """Who is best or tied, and how that stands against the baseline."""
    if primary is None:
        return (Words("No row has a figure by which rows could be ordered."),)
    leaders = [(place, row) for place, row in enumerate(board.rows) if row.standing == "best"]
    if not leaders:
        return _nobody(board, primary)
    words: list[Words] = []
    for place, row in leaders[:MOST_LEADERS]:
        words += _leader(board, primary, place, row, several=len(leaders) > 1)
    if len(leaders) > MOST_LEADERS:
        words.append(Words(f" {len(leaders) - MOST_LEADERS} more groups of rows are ranked by themselves."))
    return tuple(words)


def _leader(board: Board, primary: MetricView, place: int, row: BoardRow, *, several: bool) -> list[Words]:
    cell = primary.cells[place]
    rivals = [r for r in board.rows if not r.reference and (r.prompts, r.group) == (row.prompts, row.group)]
    tied = [r for r in rivals if r.standing == "tied with best"]
    most = "lowest" if primary.higher_is_better is False else "highest"
    words = [Words(one_line(row.label, LONGEST_NAME), strong=True)]
    if len(rivals) == 1:
        words.append(Words(f" has nothing to compete with: {cell.text} in {primary.name}."))
    elif not tied:
        words.append(Words(f" is best in {primary.name}: {cell.text}."))
    else:
        words.append(Words(f" has the {most} {primary.name}, {cell.text}, but "))
        words += _names(tied)
        words.append(Words(f" {'is' if len(tied) == 1 else 'are'} not told apart from it."))
    behind = sum(r.standing == "behind" for r in rivals)
    if behind:
        words.append(Words(f" {behind} of {len(rivals)} contenders fall{'s' if behind == 1 else ''} behind."))
    lacking = sum(r.standing == "no figure" for r in rivals)
    if lacking:
        words.append(Words(f" {lacking} of {len(rivals)} {'has' if lacking == 1 else 'have'} no figure."))
    one = _against(board, row)
    if one is not None and one.difference is not None:
        words += [Words(" Against the baseline "), Words(one_line(one.baseline, LONGEST_NAME), strong=True)]
        p = "" if cell.p == NONE else f" (p\u00a0{cell.p.strip('()')}, {'uncorrected' if '(' in cell.p else 'by Holm'})"
        words.append(Words(f": {cell.difference}, {cell.verdict}{p}."))
    elif primary.baseline and row.label == primary.baseline:
        words.append(Words(" It is the baseline."))
    return [*words, Words(" ")] if several else words


def _names(rows: Sequence[BoardRow]) -> list[Words]:
    named = [Words(one_line(row.label, LONGEST_NAME), strong=True) for row in rows[:MOST_NAMED]]
    if len(rows) > MOST_NAMED:
        named.append(Words(f"{len(rows) - MOST_NAMED} more"))
    joined = [named[0]]
    for place, name in enumerate(named[1:], start=1):
        joined += [Words(" and " if place == len(named) - 1 else ", "), name]
    return joined


def _nobody(board: Board, primary: MetricView) -> tuple[Words, ...]:
    contenders = [
        (place, row)
        for place, row in enumerate(board.rows)
        if not row.reference and primary.cells[place].mean is not None
    ]
    if not contenders:
        return (Words(f"No row that competes has a figure of {primary.name}."),)
    place, row = contenders[0]
    return (
        Words("No row can be called best: no interval covers a fresh training run. "),
        Words(one_line(row.label, LONGEST_NAME), strong=True),
        Words(f" stands first in {primary.name}, with {primary.cells[place].text}."),
    )


def _against(board: Board, row: BoardRow) -> Comparison | None:
    family = next((f for f in board.comparisons if f.metric == board.primary_metric), None)
    return next((one for one in family.comparisons if one.row == row.label), None) if family else None


def facts(report: Report, primary: MetricView | None) -> tuple[Fact, ...]:
    """What a reader asks next: how many seeds and items, how large the noise is, what it cost, when and where."""
    board = report.board
    contenders = [row for row in board.rows if not row.reference]
    may = sum(row.standing in {"best", "tied with best"} for row in contenders)
    found = [Fact("Contenders", whole(len(contenders)), f"{may} may be the best" if may else "none can be called best")]
    undone = [row.status for row in board.rows if row.status in UNDONE]
    if undone:
        found.append(
            Fact("Not complete", f"{len(undone)} of {whole(len(board.rows))} rows", ", ".join(sorted(set(undone))))
        )
    if primary is not None and primary.baseline:
        found.append(Fact("Baseline", one_line(primary.baseline, LONGEST_NAME), "of every comparison"))
    found += [Fact("Training seeds", _range([len(r.seeds) for r in contenders if r.seeds]), "per contender")]
    if board.primary_metric is not None:
        items = [r.metrics[board.primary_metric].n for r in contenders if board.primary_metric in r.metrics]
        found.append(Fact("Test items", _range(items), "of the ranking metric"))
    if primary is not None and primary.noise is not None:
        value, pair = primary.noise
        found.append(Fact("A/A noise floor", value, pair))
    found.append(_cost(board))
    if report.ran is not None:
        first, last = (moment[:10] for moment in report.ran)
        machine = _machine(report)
        found.append(Fact("Ran", one_line(first if first == last else f"{first} to {last}"), machine))
    return tuple(found)


def _range(counts: Sequence[int]) -> str:
    if not counts:
        return NONE
    low, high = min(counts), max(counts)
    return whole(low) if low == high else f"{whole(low)}–{whole(high)}"


def _cost(board: Board) -> Fact:
    parts = [cost for row in board.rows for cost in (row.cost.train, row.cost.evaluate) if cost is not None]
    parts += [one.cost for one in board.shared]
    total = sum(cost.seconds for cost in parts)
    return Fact("Time", duration(total), "rows and what they share")


def _machine(report: Report) -> str:
    if not report.surroundings:
        return ""
    host = report.surroundings[0].host
    gpus = host.get("gpus") or []
    if gpus:
        return one_line(f"{len(gpus)} × {gpus[0]}")
    return one_line(f"{host.get('processor', 'unknown processor')}, {host.get('cores', '?')} cores")
