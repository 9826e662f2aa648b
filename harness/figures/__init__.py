"""Figures of a report as Vega-Lite specs; `harness.figures.draw` makes SVG and PNG of them."""

from harness.figures.all_figures import figures_of
from harness.figures.figure import Figure, Group

__all__ = ["Figure", "Group", "figures_of"]
