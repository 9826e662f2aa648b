"""Colours and type of figures, light and dark: one palette for figures and page.

Text has a contrast of 4.5 and marks one of 3 on their ground at least, by WCAG 2.2. Hues of a range stay apart under
deuteranopia, protanopia and tritanopia (Machado et al. 2009), and no figure tells by colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

FONT = '"Liberation Sans", Arial, Helvetica, sans-serif'
"""The first is bundled with vl-convert, the next have its widths: a figure is laid out alike everywhere."""

Ramp: TypeAlias = Literal["standing", "verdict", "rows"]

STANDINGS = ("best", "tied with best", "behind", "undetermined", "reference", "control", "no figure")
"""The domain of the range "standing"."""
VERDICTS = ("better", "worse", "higher", "lower", "not told apart", "undetermined", "baseline")
"""The domain of the range "verdict"."""


@dataclass(frozen=True)
class Palette:
    """Colours as #rrggbb."""

    ground: str
    ink: str
    """Text."""
    quiet: str
    """Text that may stand back: axis labels, captions."""
    line: str
    """Axes and rules that tell something; 3 to 1 as marks have."""
    grid: str
    """Decoration, below any required contrast."""
    band: str
    """Areas behind marks, with a `line` around them."""
    seed: str
    """Points of single seeds."""
    standing: Mapping[str, str]
    verdict: Mapping[str, str]
    rows: tuple[str, ...]


LIGHT = Palette(
    ground="#ffffff",
    ink="#1b1f24",
    quiet="#57606a",
    line="#767e88",
    grid="#e4e7eb",
    band="#eceff3",
    seed="#57606a",
    standing=dict(
        zip(STANDINGS, ("#0060ad", "#3d97d6", "#c44e00", "#520277", "#30363d", "#7d8590", "#7d8590"), strict=True)
    ),
    verdict=dict(
        zip(VERDICTS, ("#0067b1", "#c44e00", "#005f73", "#a37324", "#6b737d", "#520277", "#1b1f24"), strict=True)
    ),
    rows=("#0067b1", "#c44e00", "#00796b", "#8a3ea8", "#8c6d00", "#b0305c", "#3d97d6", "#5a4a42"),
)
DARK = Palette(
    ground="#15181d",
    ink="#e6e8eb",
    quiet="#a9b0ba",
    line="#7f8893",
    grid="#2b3038",
    band="#242930",
    seed="#a9b0ba",
    standing=dict(
        zip(STANDINGS, ("#8cc8ff", "#3f95dc", "#f0883e", "#9a6cb8", "#e6e8eb", "#8b939e", "#8b939e"), strict=True)
    ),
    verdict=dict(
        zip(VERDICTS, ("#58acf5", "#f0883e", "#3fc1b0", "#e0b040", "#8b939e", "#9a6cb8", "#e6e8eb"), strict=True)
    ),
    rows=("#58acf5", "#f0883e", "#3fc1b0", "#c58af0", "#d9b13b", "#f2759b", "#8cc8ff", "#c9b3a3"),
)


def palette(dark: bool) -> Palette:
    """The colours of one of the two themes."""
    return DARK if dark else LIGHT


def config(dark: bool) -> dict[str, Any]:
    """Vega-Lite's config: named ranges, styles of marks, type."""
    p = palette(dark)
    small, text = {"labelFontSize": 11, "labelColor": p.quiet}, {"titleColor": p.ink, "titleFontSize": 12}
    plain = {"titleFontWeight": "normal", "titleFont": FONT, "labelFont": FONT}
    return {
        "background": p.ground,
        "font": FONT,
        "padding": 8,
        "aria": False,
        "view": {"stroke": None},
        "range": {
            "standing": list(p.standing.values()),
            "verdict": list(p.verdict.values()),
            "rows": list(p.rows),
        },
        "axis": {
            **small, **text, **plain, "titlePadding": 8, "labelLimit": 190, "titleLimit": 460, "domainColor": p.line,
            "tickColor": p.line, "tickSize": 4, "gridColor": p.grid, "labelOverlap": True,
        },
        "legend": {
            **small, **text, **plain, "orient": "top", "direction": "horizontal", "title": None, "labelFontSize": 12,
            "labelColor": p.ink, "symbolSize": 70, "columnPadding": 16, "labelLimit": 240, "offset": 10,
            "symbolOpacity": 1,
        },
        "header": {
            "labelColor": p.ink, "labelFontSize": 12, "labelFontWeight": "bold", "labelFont": FONT, "title": None,
            "labelLimit": 200, "labelPadding": 4,
        },
        "title": {"color": p.ink, "font": FONT, "fontSize": 13, "anchor": "start", "offset": 10, "limit": 700},
        "mark": {"color": p.ink, "opacity": 1},
        "point": {"opacity": 1},
        "tick": {"opacity": 1},
        "text": {"color": p.ink, "font": FONT, "fontSize": 11},
        "style": {
            "quiet": {"color": p.quiet, "fill": p.quiet},
            "ink": {"color": p.ink, "fill": p.ink},
            "halo": {"color": p.ground, "fill": p.ground, "stroke": p.ground, "strokeWidth": 3},
            **{name: _both(**style) for name, style in _styles(p).items()},
        },
    }  # fmt: skip


def _styles(p: Palette) -> dict[str, dict[str, Any]]:
    """Of marks whose colour tells nothing."""
    return {
        "zero": {"color": p.ink, "strokeWidth": 1},
        "guide": {"color": p.line, "strokeWidth": 1, "strokeDash": [3, 3]},
        "best": {"color": p.ink, "strokeWidth": 1.25, "strokeDash": [6, 3]},
        "floor": {"color": p.band, "stroke": p.line, "strokeWidth": 0},
        "floor-edge": {"color": p.line, "strokeWidth": 1, "strokeDash": [2, 2]},
        "seed": {"color": p.seed, "strokeWidth": 1},
        "hollow": {"color": p.ground, "strokeWidth": 0},
        "ring": {"strokeWidth": 1.5},
    }


def _both(color: str | None = None, **more: Any) -> dict[str, Any]:
    """A colour for marks that are filled and for those that are drawn."""
    return more if color is None else {"color": color, "fill": color, "stroke": color, **more}
