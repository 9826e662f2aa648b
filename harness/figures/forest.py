"""Forest plots: how far every row is from the baseline, on one metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.board import Board, BoardRow, Comparison, Family, Heading, Interval
from harness.board.sentences import p_text
from harness.figures.figure import Figure, brief
from harness.figures.forest_layers import forest_spec
from harness.figures.names import LONGEST, Slugs, metric_title, row_names
from harness.figures.row_table import REASON
from harness.figures.scales import Scale, scale_of
from harness.figures.words import few, listed, minus, shown_as, signed
from harness.render.numbers import decimals_of, fixed
from harness.render.text import NONE

Table = dict[str, list[Any]]


def forests(board: Board, slugs: Slugs) -> list[Figure]:
    """One per metric that rows are compared on, the primary metric first."""
    headings = {heading.name: heading for heading in board.metrics}
    families = sorted(board.comparisons, key=lambda family: family.metric != board.primary_metric)
    names = row_names(board)
    drawn = [_forest(board, family, headings[family.metric], names, slugs) for family in families]
    return [figure for figure in drawn if figure is not None]


@dataclass(frozen=True)
class _Form:
    """What all rows of a figure share."""

    family: Family
    scale: Scale
    places: int
    both: bool
    """Whether some row has a pooled interval beside its own."""
    floor: float | None
    """The largest difference of an A/A pair, without its sign."""


def _forest(board: Board, family: Family, heading: Heading, names: Mapping[str, str], slugs: Slugs) -> Figure | None:
    scale = _scale(family)
    if scale is None or all(one.difference is None for one in family.comparisons):
        return None
    floors = [abs(one.aa_difference) for one in family.comparisons if one.aa_difference is not None]
    both = any(one.pooled is not None for one in family.comparisons)
    form = _Form(family, scale, _places(family), both, max(floors, default=None))
    table = _table(board, form, names)
    return Figure(
        name=slugs.of("forest", family.metric),
        group="forest",
        choice=shown_as(heading.name),
        title=f"Differences to {shown_as(family.baseline, LONGEST)}: {metric_title(heading)}",
        caption=_caption(form, table),
        alt=_alt(form, names),
        spec=forest_spec(table, scale, f"difference in {metric_title(heading)}", both=both),
        data=table,
        headings=_headings(both=both),
    )


def _headings(*, both: bool) -> dict[str, str]:
    own = {"own": "with the rows' own seed spread"} if both else {}
    return {
        "row": "row", "verdict": "verdict", "told": "difference and 95 % interval", **own, "p": "p",
        "detectable": "detectable difference", "over": "over", "shift": "seed by seed",
    }  # fmt: skip


def _scale(family: Family) -> Scale | None:
    """Wide enough for contenders' points, and for intervals and references as far as they leave room for these."""
    core: list[float | None] = [0.0]
    more: list[float | None] = []
    for one in family.comparisons:
        (core if one.contender else more).extend([one.difference, *one.shifts.values()])
        more += [one.decides.low, one.decides.high]
        if one.aa_difference is not None:
            core += [-abs(one.aa_difference), abs(one.aa_difference)]
    return scale_of(core, more)


def _places(family: Family) -> int:
    intervals = [one.decides for one in family.comparisons]
    halves = [(i.high - i.low) / 2 for i in intervals if i.low is not None and i.high is not None]
    return decimals_of(halves, [one.difference for one in family.comparisons if one.difference is not None])


def _table(board: Board, form: _Form, names: Mapping[str, str]) -> Table:
    """A line per row of the board."""
    found = {one.row: one for one in form.family.comparisons}
    baselines = {one.baseline for one in form.family.comparisons}
    lines = [
        {"row": names[row.label], **_cells(row, found.get(row.label), form, baseline=row.label in baselines)}
        for row in board.rows
    ]
    table = {name: [line[name] for line in lines] for name in lines[0]}
    if len(same := {value for value in table["floor"] if value is not None}) == 1:  # a band without gaps
        table["floor"], table["floor_low"] = ([sign * min(same) for _ in lines] for sign in (1, -1))
    return table


def _cells(row: BoardRow, one: Comparison | None, form: _Form, *, baseline: bool) -> dict[str, Any]:
    floor = None if one is None or one.aa_difference is None else brief(abs(one.aa_difference))
    cells: dict[str, Any] = {
        "verdict": "", "contender": True, "difference": None, "low": None, "high": None, "floor_low": floor and -floor,
        "floor": floor, "seed": [], "shift": [], "told": NONE, "p": "", "detectable": NONE, "over": NONE,
        "past_low": None, "past_high": None,
    }  # fmt: skip
    cells |= {"own_low": None, "own_high": None, "own": NONE} if form.both else {}
    if one is None and baseline:
        return cells | {"verdict": "baseline", "difference": 0.0, "told": "the baseline"}
    if one is None or one.difference is None:
        gap = row.skipped.get(form.family.metric)
        reason = (one.note if one is not None else "") or (row.reason if gap is None else gap.reason)
        return cells | {"told": shown_as(f"no figure{': ' if reason else ''}{reason}", REASON)}
    shown, scale = one.decides, form.scale
    ends = [value for value in (one.difference, shown.low, shown.high) if value is not None]
    cells |= {
        "verdict": _verdict(shown),
        "contender": one.contender,
        "difference": brief(one.difference),
        "low": brief(shown.low),
        "high": brief(shown.high),
        "seed": list(one.shifts),
        "shift": [brief(value) for value in one.shifts.values()],
        "told": _interval(one.difference, shown, form.places),
        "p": _p(shown),
        "detectable": NONE if shown.mde is None else fixed(shown.mde, form.places),
        "over": f"{one.n:,} items; seeds {listed(one.seeds)} against {listed(one.baseline_seeds)}"
        + ("" if one.baseline == form.family.baseline else f" of {shown_as(one.baseline, LONGEST)}"),
        "past_low": brief(scale.low) if min(ends) < scale.low else None,
        "past_high": brief(scale.high) if max(ends) > scale.high else None,
    }
    if form.both:
        cells["own"] = _interval(one.difference, one.own, form.places)
    if one.pooled is not None:
        cells |= {"own_low": brief(one.own.low), "own_high": brief(one.own.high)}
    return cells


def _verdict(found: Interval) -> str:
    return "not told apart" if found.verdict == "tied" else found.verdict


def _interval(difference: float, found: Interval, places: int) -> str:
    """`−0.055 [−0.090, −0.020]`."""
    if found.low is None or found.high is None:
        return signed(difference, places)
    return f"{signed(difference, places)} [{minus(found.low, places)}, {minus(found.high, places)}]"


def _p(found: Interval) -> str:
    """Corrected, else in brackets."""
    if found.holm_p is not None:
        return f"p {p_text(found.holm_p)}"
    return "" if found.p is None else f"(p {p_text(found.p)})"


def _caption(form: _Form, table: Table) -> str:
    family = form.family
    parts = [
        f"Every row minus {shown_as(family.baseline, LONGEST)}, in the order of the board. Thick lines are 95 % "
        "intervals, small circles the differences of single seeds, hollow marks rows that do not compete."
    ]
    if form.both:
        parts.append(
            "Thick intervals pool the spread over seeds, as the suite declared; thin ones with end marks are of the "
            "rows' own spread."
        )
    if form.floor is not None:
        parts.append(
            f"The grey band is ± {fixed(form.floor, form.places)}, what separated a row from itself at other seeds: "
            "one draw of the noise, not a bound."
        )
    if family.tests > 1:
        parts.append(f"p is corrected by Holm over {family.tests} contenders; in brackets it is not corrected.")
    if "undetermined" in table["verdict"]:
        parts.append("Undetermined: the interval covers no fresh training run, and tells of these checkpoints alone.")
    if any(value is not None for end in ("past_low", "past_high") for value in table[end]):
        parts.append("Where an arrow stands at an edge, a line or a point goes on, as the numbers say.")
    return " ".join([*parts, "Rows that are not told apart are not thereby equal."])


def _alt(form: _Form, names: Mapping[str, str]) -> str:
    family = form.family
    groups: dict[str, list[str]] = {}
    for one in family.comparisons:
        if one.difference is not None:
            told = f"{names[one.row]} {_interval(one.difference, one.decides, form.places)}"
            groups.setdefault(_verdict(one.decides), []).append(told)
    metric, baseline = shown_as(family.metric, LONGEST), shown_as(family.baseline, LONGEST)
    parts = [f"Forest plot of {metric} against {baseline}, 95 % intervals."]
    parts += [f"{verdict.capitalize()}: {few(rows)}." for verdict, rows in groups.items()]
    if form.floor is not None:
        parts.append(f"A/A difference {fixed(form.floor, form.places)}.")
    return " ".join(parts)
