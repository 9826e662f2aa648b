"""Numbers as people read them on a board: the one place that decides on digits and units."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence

from harness.board import Measure

MOST_DECIMALS = 6
ROUNDING = 1e-12
"""A width of less than this, relative to the largest figure, is the rounding of sums and claims no decimals."""


def half_width(measure: Measure) -> float | None:
    """Half the width of the 95 % interval."""
    return None if measure.ci95 is None else (measure.ci95[1] - measure.ci95[0]) / 2


def decimals(measures: Sequence[Measure]) -> int:
    """Decimals of a column: two significant digits of its typical half-width, so that the column lines up.

    Without any interval: three decimals below 10, one below 1,000, none above.
    """
    halves = [half for m in measures if (half := half_width(m))]
    return decimals_of(halves, [m.mean for m in measures])


def decimals_of(halves: Sequence[float], values: Sequence[float]) -> int:
    """The same for any values, of which some have intervals so wide."""
    largest = max((abs(value) for value in values), default=0.0)
    wide = [half for half in halves if ROUNDING * largest < half < math.inf]
    if wide:
        return _two_digits(statistics.median_low(wide))
    return 3 if largest < 10 else 1 if largest < 1000 else 0


def _two_digits(half: float) -> int:
    return min(max(1 - math.floor(math.log10(half)), 0), MOST_DECIMALS)


def _own_decimals(measure: Measure, places: int) -> int:
    """More decimals than its column for a small figure of a small width, which would else read as zero."""
    half = half_width(measure) or 0.0
    vanishes = half > 0 and float(fixed(half, places)) == 0 and abs(measure.mean) < 10 ** (1 - places)
    own = _two_digits(half) if vanishes else places
    return own if float(fixed(half, own)) > 0 else places  # one that vanishes in any decimals is the rounding of sums


def fixed(value: float, places: int) -> str:
    """With so many decimals; very large numbers in powers of ten; no minus sign before a zero."""
    if abs(value) >= 1e7:
        return f"{value:.3g}"
    text = f"{value:.{places}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def signed(value: float, places: int) -> str:
    """The same, with a plus sign before what is above zero."""
    text = fixed(value, places)
    return text if value <= 0 or float(text) == 0 else f"+{text}"


def between(low: float | None, high: float | None, places: int) -> str:
    """` [0.003, 0.070]`, to stand behind a value; empty where there is no interval."""
    return "" if low is None or high is None else f" [{fixed(low, places)}, {fixed(high, places)}]"


def measured(measure: Measure, places: int) -> str:
    """`0.581 ± 0.021`; the mean alone where there is no interval; `<0.001` for a width that would round to 0."""
    half, places = half_width(measure), _own_decimals(measure, places)
    mean = fixed(measure.mean, places)
    if half is None:
        return mean
    width = fixed(half, places)
    if half > 0 and float(width) == 0:
        width = f"<{10**-places:.{places}f}"
    return f"{mean} ± {width}"


def per_seed(measure: Measure, seeds: Sequence[int], places: int) -> str:
    """`0.575 · 0.581 · –`: the figure of every planned seed, in their order."""
    known, places = measure.per_seed or {}, _own_decimals(measure, places)
    return " · ".join(fixed(known[seed], places) if seed in known else "–" for seed in seeds)


def duration(seconds: float) -> str:
    """`16.2 s`, `4 min 12 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds) // 60
    return f"{minutes} min {round(seconds) % 60:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def size(count: int) -> str:
    """Bytes, in powers of 1,000."""
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if count >= 10**power:
            return f"{count / 10**power:.{1 if power == 9 else 0}f} {unit}"
    return f"{count} B"


def whole(count: int) -> str:
    """`8,192`."""
    return f"{count:,}"


def arrow(higher_is_better: bool | None) -> str:
    """Which way is better; empty where neither is."""
    return {True: "↑", False: "↓", None: ""}[higher_is_better]


def settings(options: Iterable[tuple[str, object]]) -> str:
    """`beta 0.1, rate 3`: options as a reader sees them."""
    return ", ".join(f"{name} {_value(value)}" for name, value in options)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        inner: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]
        return f"({settings(inner.items())})"
    if isinstance(value, list | tuple):
        listed: Sequence[object] = value  # pyright: ignore[reportUnknownVariableType]
        return f"[{', '.join(_value(item) for item in listed)}]"
    return "none" if value is None else str(value)
