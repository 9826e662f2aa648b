"""The palette of the figures as variables of the page's style: one look, light and dark."""

from __future__ import annotations

from functools import cache

from harness.figures.theme import palette

PLAIN = ("ground", "ink", "quiet", "line", "grid", "band", "seed")


@cache
def colours() -> str:
    """`:root{--ink:light-dark(#1b1f24,#e6e8eb);...}`: every colour of the palette, once for each theme."""
    light, dark = palette(dark=False), palette(dark=True)
    pairs = {name: (getattr(light, name), getattr(dark, name)) for name in PLAIN}
    pairs |= {f"standing-{_slug(name)}": (light.standing[name], dark.standing[name]) for name in light.standing}
    pairs |= {f"verdict-{_slug(name)}": (light.verdict[name], dark.verdict[name]) for name in light.verdict}
    return ":root{" + "".join(f"--{name}:light-dark({one},{other});" for name, (one, other) in pairs.items()) + "}"


def _slug(name: str) -> str:
    return name.replace(" ", "-")
