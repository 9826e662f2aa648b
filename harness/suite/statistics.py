"""`statistics`: what the suite says of comparisons must mean rows and metrics that there can be."""

from __future__ import annotations

from collections.abc import Sequence

from harness.errors import nearest
from harness.suite.entry import Entry
from harness.suite.node import Node
from harness.suite.problems import Problems
from harness.suite.schema import StatisticsFile
from harness.suite.suite import EvaluatorEntry, Row


def statistics(
    file: StatisticsFile,
    root: Node,
    rows: Sequence[Entry[Row]],
    evaluators: Sequence[Entry[EvaluatorEntry]],
    problems: Problems,
) -> StatisticsFile:
    """How rows are compared; a baseline that is no row, and metrics of the score that no evaluator can give, are noted.

    A baseline is named by its label, or by what its label is without the number of prompts: then each row is compared
    with the one that had as many. A suite with rows of its own that extends another is not held to the other's baseline
    where it has no such row.
    """
    node = root.at("statistics")
    labels = {label for entry in rows for label in (entry.made.label, entry.made.unsized)} - {""}
    if file.baseline is not None and rows and file.baseline not in labels:
        if node.at("baseline").place.source != root.at("methods").place.source:
            return file.model_copy(update={"baseline": None})
        known = {entry.made.unsized or entry.made.label for entry in rows}
        problem = f"statistics.baseline: no row is called {file.baseline!r}; {nearest(file.baseline, known)}"
        problems.add(node.at("baseline").place, problem)
    families = [entry.made.label for entry in evaluators]
    for metric in file.score if evaluators else ():
        if not any(metric.startswith(f"{family}/") for family in families):
            place = node.at("score", metric).place
            family = metric.rpartition("/")[0] or metric
            problem = f"statistics.score: no evaluator gives {metric!r}; {nearest(family, families)}"
            problems.add(place, problem, fix="write a metric as the board names it, such as preference/accuracy")
    return file
