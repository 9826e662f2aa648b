"""`tune` and `tuned`: what settings may be chosen by, and which record rows are held to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import nearest
from harness.suite.entry import Entry
from harness.suite.node import Node
from harness.suite.problems import Problems
from harness.suite.schema import SuiteFile
from harness.suite.suite import EvaluatorEntry, Row


def default_label(label: str, unsized: str) -> str:
    """What a row is called that keeps its settings beside its best of the budget: before the number of prompts."""
    return f"{unsized} (default){label.removeprefix(unsized)}"


def judge_of(metric: str, evaluators: Sequence[EvaluatorEntry]) -> EvaluatorEntry | None:
    """The evaluator that gives a metric, by its label."""
    fitting = [entry for entry in evaluators if metric.startswith(f"{entry.label}/")]
    return max(fitting, key=lambda entry: len(entry.label), default=None)


def check_tune(
    file: SuiteFile,
    root: Node,
    rows: Sequence[Entry[Row]],
    evaluators: Sequence[Entry[EvaluatorEntry]],
    problems: Problems,
) -> None:
    """Note a metric that settings cannot be chosen by, and labels that the rows as they are would take."""
    if file.tune is None:
        return
    node, metric = root.at("tune"), file.tune.metric
    if metric is None:
        fix = "write for example `metric: preference/accuracy`"
        problems.add(node.place, "tune: it is not said by which metric settings are chosen", fix=fix)
    elif evaluators:
        place, judges = node.at("metric").place, [entry.made for entry in evaluators]
        judge = judge_of(metric, judges)
        if judge is None:
            family = metric.partition("/")[0]
            known = nearest(family, [entry.label for entry in judges])
            fix = "write a metric as the board names it, such as preference/accuracy"
            problems.add(place, f"tune.metric: no evaluator of the suite gives {metric!r}; {known}", fix=fix)
        elif not judge.evaluator.follows_split():
            problem = (
                f"tune.metric: settings may not be chosen by {metric!r}: {judge.label!r} brings data of its own, "
                "so there is no validation split of it"
            )
            problems.add(place, problem, fix="choose a metric of an evaluator that judges the source's held-out data")
    labels = {entry.made.label for entry in rows}
    for entry in rows:
        taken = default_label(entry.made.label, entry.made.unsized or entry.made.label)
        if entry.made.space and taken in labels:
            problem = f"the label {taken!r} is taken: the board calls {entry.made.label!r} so with its own settings"
            problems.add(entry.place, problem, fix="give one of the two another `label`")


def record_path(root: Node, problems: Problems) -> Path | None:
    """The absolute path of the record that rows are held to; a problem where there is no such file."""
    node = root.child("tuned")
    if node is None or not isinstance(node.value, str):
        return None
    path = node.place.folder / Path(node.value).expanduser()
    if not path.is_file():
        problems.add(
            node.place,
            f"tuned: there is no file {node.value!r} in {node.place.folder}",
            fix="name the studies.json that a run with `tune` wrote, relative to the suite",
        )
    return path
