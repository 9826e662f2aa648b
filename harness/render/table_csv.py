"""A board as a tidy CSV: one line per row and metric, figures in full precision, gaps with their reason.

A text stands on one line, without what steers a terminal, and after an apostrophe if a spreadsheet would take it for a
formula: a label may come from anybody.
"""

from __future__ import annotations

import csv
import io
import unicodedata

from harness.board import Board, BoardRow, Comparison, Gap, Heading, Measure
from harness.render.text import one_line

FIELDS = ("label", "method", "metric", "state", "mean", "stderr", "ci_low", "ci_high", "n", "unit", "higher_is_better")
AGAINST = ("baseline", "difference", "difference_low", "difference_high", "p", "holm_p", "mde", "verdict")
LAST = ("best", "basis", *AGAINST, "aa_difference", "reason")
LONGEST = 32_000
"""Characters of a text: a spreadsheet has room for 32,767 in a cell."""


def csv_text(board: Board) -> str:
    """The table, with a column `seed_S` for every seed of the board. What is not known is empty."""
    against = {(f.metric, one.row): one for f in board.comparisons for one in f.comparisons}
    seeds = sorted({seed for row in board.rows for seed in row.seeds})
    buffer = io.StringIO()
    fields = [*FIELDS, *(f"seed_{seed}" for seed in seeds), *LAST]
    writer = csv.DictWriter(buffer, fields, restval="", lineterminator="\n")
    writer.writeheader()
    headings = {heading.name: heading for heading in board.metrics}
    for row in board.rows:
        for name in [name for name in headings if name in row.metrics] + list(row.skipped):
            found = row.metrics.get(name) or row.skipped[name]
            figures = _measure(found) if isinstance(found, Measure) else _gap(headings.get(name), found)
            line = {**_names(row), "metric": name, **figures, **_against(against.get((name, row.label)))}
            writer.writerow({key: text_cell(v) if isinstance(v, str) else v for key, v in line.items()})
    return buffer.getvalue()


def text_cell(text: str) -> str:
    """`text` so that no spreadsheet computes it, and no terminal obeys it."""
    line = one_line(text, LONGEST)
    begins = unicodedata.normalize("NFKC", line[:1])  # full-width signs begin formulas too
    return f"'{line}" if begins.startswith(("=", "+", "-", "@")) else line


def _names(row: BoardRow) -> dict[str, object]:
    return {"label": row.label, "method": row.method}


def _measure(found: Measure) -> dict[str, object]:
    low, high = found.ci95 or (None, None)
    return {
        "state": "done",
        "mean": found.mean,
        "stderr": found.stderr,
        "ci_low": low,
        "ci_high": high,
        "n": found.n,
        "unit": found.unit,
        "higher_is_better": found.higher_is_better,
        **{f"seed_{seed}": value for seed, value in (found.per_seed or {}).items()},
        "best": found.best,
        "basis": found.basis,
        "reason": found.note,
    }


def _against(one: Comparison | None) -> dict[str, object]:
    """The row against the baseline, by the interval that the verdict stands on; nothing for the baseline itself."""
    if one is None:
        return {}
    found = one.decides
    values = (one.baseline, one.difference, found.low, found.high, found.p, found.holm_p, found.mde, found.verdict)
    return {**dict(zip(AGAINST, values, strict=True)), "aa_difference": one.aa_difference}


def _gap(heading: Heading | None, gap: Gap) -> dict[str, object]:
    known = {"unit": heading.unit, "higher_is_better": heading.higher_is_better} if heading else {}
    return {"state": gap.state, "reason": gap.reason, **known}
