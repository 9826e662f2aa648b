"""Figures as SVG and PNG, by vl-convert: the same bytes for the same figure. Drawn is the light theme.

Liberation Sans comes with vl-convert. A machine's own copy goes before it, and its other fonts draw the scripts that it
lacks: between machines that have other fonts, bytes may differ.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from harness.figures.figure import TABLE, Figure
from harness.figures.theme import config

VEGA_LITE = "6.4"
_TAG = re.compile(r"<[A-Za-z][^<>]*>")
"""Text holds none: there `<` and `>` are escaped."""
_ARIA = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_ID = re.compile(r'((?:id="|url\(#)(?:clip|gradient)_?)(\d+)')
SCALE = 2.0
"""Pixels of a PNG per pixel of the spec."""


def svg(figure: Figure) -> str:
    """The figure with its title above and its description inside."""
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(complete(figure), vl_version=VEGA_LITE, allowed_base_urls=[])
    head, rest = _TAG.sub(_Plain(), drawn).split(">", 1)
    words = f"<title>{_text(figure.title)}</title><desc>{_text(figure.alt)}</desc>"
    return f'{head} role="img">{words}{rest}\n'


def png(figure: Figure, scale: float = SCALE) -> bytes:
    """The figure with its title above."""
    import vl_convert

    return vl_convert.vegalite_to_png(complete(figure), vl_version=VEGA_LITE, scale=scale, allowed_base_urls=[])


def complete(figure: Figure, *, dark: bool = False, title: bool = True) -> dict[str, Any]:
    """The spec with its values and the theme: it stands for itself."""
    spec = {**figure.spec, "data": {"name": TABLE, "values": values(figure)}, "config": config(dark)}
    return {**spec, "title": {"text": figure.title}} if title else spec


def values(figure: Figure) -> list[dict[str, Any]]:
    """The table row by row, without the columns that the spec does not name."""
    named = _strings(figure.spec)
    columns = {name: cells for name, cells in figure.data.items() if name in named}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _strings(value: Any) -> set[str]:
    """Every string that stands in a spec as a value."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, Mapping):
        inner: Mapping[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        return set[str]().union(*(_strings(one) for one in inner.values()))
    if isinstance(value, list | tuple):
        listed: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        return set[str]().union(*(_strings(one) for one in listed))
    return set()


class _Plain:
    """Of a tag: its ids counted from 1 in every picture, where Vega counts on from picture to picture, and nothing for
    screen readers, which are told of the whole picture.
    """

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}

    def __call__(self, tag: re.Match[str]) -> str:
        return _ID.sub(self._number, _ARIA.sub("", tag[0]))

    def _number(self, found: re.Match[str]) -> str:
        return f"{found[1]}{self._ids.setdefault(found[2], len(self._ids) + 1)}"


def _text(text: str) -> str:
    return escape(text, quote=False)
