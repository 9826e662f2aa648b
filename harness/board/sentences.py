"""A comparison in plain words."""

from __future__ import annotations

import math

from harness.board.comparison import Comparison, Interval

SMALLEST_P = 0.001
LARGE = 1e7
"""Numbers from here on are told in powers of ten, as tables have them."""
VERBS = {"better": "beats", "worse": "falls behind", "higher": "is above", "lower": "is below"}


def sentence(one: Comparison, metric: str, unit: str, higher_is_better: bool | None, tests: int) -> str:
    """One comparison, told.

    `dpo beats base by 0.043 [0.031, 0.055] in truth/win_rate_behaviour (p 0.002 by Holm over 8 comparisons).`

    Args:
        one: the comparison; what it says in `sentence` is not read.
        metric: the board's name of it.
        unit: of the metric.
        higher_is_better: its direction.
        tests: contenders that Holm's correction counts.
    """
    found = one.decides
    if one.difference is None:
        return f"{one.row} cannot be compared with {one.baseline} in {metric}: {one.note}."
    if found.low is None or found.high is None:
        apart = f"{_number(one.difference, None)}{_unit(unit)}"
        why = one.note or found.covers
        return f"{one.row} differs from {one.baseline} by {apart} in {metric}, with no interval: {why}."
    places, where = _places(found), f"{_unit(unit)} in {metric}"
    low, high = (-found.high, -found.low) if one.difference < 0 else (found.low, found.high)
    if found.verdict in VERBS:
        amount = f"{_number(abs(one.difference), places)} [{_number(low, places)}, {_number(high, places)}]"
        less = ", where less is better" if higher_is_better is False else ""
        return f"{one.row} {VERBS[found.verdict]} {one.baseline} by {amount}{where}{less} ({_p(found, tests)})."
    signed = f"{_number(one.difference, places)} [{_number(found.low, places)}, {_number(found.high, places)}]"
    if found.verdict == "tied":
        seen = _unseen(found.mde, places) if found.mde else ""
        return f"{one.row} is not told apart from {one.baseline}: {signed}{where} ({_p(found, tests)}){seen}."
    return f"{one.row} against {one.baseline} is undetermined: {signed}{where}; {_why(one, places)}."


def _unseen(mde: float, places: int) -> str:
    """The least difference of which one may say that it would have been found; a smaller one may have been missed."""
    return f"; a true difference under {_number(mde, places)} may well have been missed"


def _why(one: Comparison, places: int) -> str:
    """Why nothing is claimed of the two rows."""
    why = "nothing covers a fresh training run"
    if one.tipping_seed_sd is not None:
        why = "one run says nothing of a method"
        why += (
            f", and nothing is left of the difference if a method's seed sd is above "
            f"{_number(one.tipping_seed_sd, places + 1)}"
            if one.tipping_seed_sd > 0
            else ", and even these runs are not told apart"
        )
    return why


def _p(found: Interval, tests: int) -> str:
    if found.holm_p is None:
        return f"p {p_text(found.p)}, outside Holm's correction"
    if tests == 1:
        return f"p {p_text(found.holm_p)}"
    return f"p {p_text(found.holm_p)} by Holm over {tests} comparisons"


def p_text(p: float | None) -> str:
    """`0.012`, `< 0.001`, or nothing to tell."""
    if p is None:
        return "–"
    return f"< {SMALLEST_P}" if p < SMALLEST_P else f"{p:.3f}"


def _unit(unit: str) -> str:
    return "" if unit in {"", "fraction", "count"} else f" {unit}"


def _places(found: Interval) -> int:
    """Two significant digits of half the interval."""
    half = (found.high - found.low) / 2 if found.low is not None and found.high is not None else 0.0
    return min(max(1 - math.floor(math.log10(half)), 0), 6) if half > 0 else 3


def _number(value: float, places: int | None) -> str:
    if places is None or abs(value) >= LARGE:
        return f"{value:.3g}"
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text
