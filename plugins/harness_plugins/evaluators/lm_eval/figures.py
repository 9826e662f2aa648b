"""lm-eval's results as figures with their values per document."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from lm_eval.api import metrics as lm_eval_metrics
from lm_eval.api.group import Group
from lm_eval.api.task import Task

import harness
from harness.evaluator import Unit
from harness_plugins.evaluators.lm_eval.jackknife import pseudo_values

FRACTIONS = ("acc", "exact_match", "em", "f1", "pass@", "contains")
"""Beginnings of the names of metrics that are fractions, where lm-eval's own mean or F1 makes the aggregate."""

SHARES = (lm_eval_metrics.mean, lm_eval_metrics.nanmean, lm_eval_metrics.f1_score)


@dataclass(frozen=True)
class Metric:
    """One metric of one task or group, by lm-eval's key `metric,filter`."""

    name: str
    filter: str

    @classmethod
    def of(cls, key: str) -> Metric | None:
        """From a key of lm-eval's results; None for what is no metric."""
        name, comma, filtered = key.partition(",")
        return cls(name, filtered) if comma and not name.endswith("_stderr") else None

    @property
    def title(self) -> str:
        """`acc`, or `exact_match.strict-match` under a filter."""
        return self.name if self.filter == "none" else f"{self.name}.{self.filter}"

    def stderr(self, results: Mapping[str, Any]) -> float | None:
        """As lm-eval gives it; None where it gives none."""
        found = results.get(f"{self.name}_stderr,{self.filter}")
        return float(found) if isinstance(found, Real) and math.isfinite(found) else None


@dataclass(frozen=True)
class Documents:
    """A metric of one task, document by document."""

    items: tuple[str, ...]
    raw: tuple[Any, ...]
    """As lm-eval aggregates them: numbers, or tuples of what an aggregate needs."""
    hashes: tuple[str, ...]
    """lm-eval's, of each document."""

    @property
    def numbers(self) -> np.ndarray | None:
        """(documents,) float64, where every one has a finite number."""
        if not all(isinstance(value, Real | np.bool_) for value in self.raw):
            return None
        values = np.array([float(value) for value in self.raw])
        return values if np.isfinite(values).all() else None


def figures(results: Mapping[str, Any], tasks: Mapping[str, Task], groups: Mapping[str, Group]) -> list[harness.Figure]:
    """Every metric of every task, then of every group. What is not a finite number is no figure; see `unusable`."""
    made = [f for name, task in tasks.items() for f in _of_task(results, name, task)]
    return made + [f for name, group in groups.items() for f in _of_group(results, name, group, tasks)]


def unusable(results: Mapping[str, Any]) -> int:
    """Metrics that lm-eval gives no finite number for."""
    return sum(
        not _usable(value) for found in results["results"].values() for key, value in found.items() if Metric.of(key)
    )


def unit(metric: str, aggregate: Any) -> Unit:
    """What a metric is measured in: known for lm-eval's common ones, `score` for any other."""
    if metric.endswith("perplexity"):
        return "perplexity"
    return "fraction" if metric.startswith(FRACTIONS) and aggregate in SHARES else "score"


def _usable(value: Any) -> bool:
    return isinstance(value, Real) and math.isfinite(value)


def _metrics(results: Mapping[str, Any], name: str) -> Iterator[tuple[Metric, float]]:
    for key, value in results["results"].get(name, {}).items():
        metric = Metric.of(key)
        if metric is not None and _usable(value):
            yield metric, float(value)


def _documents(results: Mapping[str, Any], task: str, metric: Metric) -> Documents:
    samples = [s for s in results["samples"][task] if s["filter"] == metric.filter and metric.name in s]
    items = tuple(f"{task}/{s['doc_id']}" for s in samples)
    return Documents(items, tuple(s[metric.name] for s in samples), tuple(s["doc_hash"] for s in samples))


def _of_task(results: Mapping[str, Any], name: str, task: Task) -> Iterator[harness.Figure]:
    for metric, value in _metrics(results, name):
        documents = _documents(results, name, metric)
        aggregate = _aggregate(task, metric)
        numbers = documents.numbers
        values, pseudo = (None if numbers is None else _meaning(numbers, value)), False
        if values is None:
            values = pseudo_values(aggregate, documents.raw, value)
            pseudo = values is not None
        yield harness.Figure(
            metric=f"lm_eval/{name}/{metric.title}",
            value=value,
            unit=unit(metric.name, aggregate),
            higher_is_better=_direction(results, name, metric),
            items=documents.items,
            values=values,
            pseudo=pseudo,
            about=_about(results, name, metric),
            standard_error=metric.stderr(results["results"][name]),
        )


def _of_group(
    results: Mapping[str, Any], name: str, group: Group, tasks: Mapping[str, Task]
) -> Iterator[harness.Figure]:
    for metric, value in _metrics(results, name):
        members = [t.task_name for t in group.get_all_tasks()]
        members = [t for t in members if f"{metric.name},{metric.filter}" in results["results"][t]]
        parts = [_documents(results, t, metric) for t in members]
        units: set[Unit] = {unit(metric.name, _aggregate(tasks[t], metric)) for t in members}
        yield harness.Figure(
            metric=f"lm_eval/{name}/{metric.title}",
            value=value,
            unit=units.pop() if len(units) == 1 else "score",
            higher_is_better=_direction(results, name, metric),
            items=tuple(item for part in parts for item in part.items),
            values=_weighted(parts, value),
            clusters=_shared(parts),
            about=f"lm-eval's aggregate of {metric.title} over {', '.join(members)}.",
            standard_error=metric.stderr(results["results"][name]),
        )


def _aggregate(task: Task, metric: Metric) -> Any:
    """What makes one number of a metric's documents; lm-eval takes the mean where a task names nothing."""
    return (task.aggregation() or {}).get(metric.name, lm_eval_metrics.mean)


def _weighted(parts: Sequence[Documents], value: float) -> tuple[float, ...] | None:
    """Values whose mean is a group's: of all documents alike or, else, of all tasks alike."""
    numbers = [n for part in parts if (n := part.numbers) is not None]
    if len(numbers) < len(parts):
        return None
    count = sum(map(len, numbers))
    by_task = [n * count / (len(numbers) * len(n)) for n in numbers]
    return _meaning(np.concatenate(numbers), value) or _meaning(np.concatenate(by_task), value)


def _shared(parts: Sequence[Documents]) -> tuple[str, ...] | None:
    """Per item, the first item about the same document; None where no two tasks share a document."""
    if len(set().union(*(part.hashes for part in parts))) == sum(len(set(part.hashes)) for part in parts):
        return None
    first: dict[str, str] = {}
    return tuple(first.setdefault(h, item) for part in parts for h, item in zip(part.hashes, part.items, strict=True))


def _meaning(numbers: np.ndarray, value: float) -> tuple[float, ...] | None:
    """The numbers, where their mean is `value`."""
    return tuple(numbers.tolist()) if math.isclose(numbers.mean(), value, rel_tol=1e-9, abs_tol=1e-12) else None


def _direction(results: Mapping[str, Any], name: str, metric: Metric) -> bool | None:
    return results["higher_is_better"].get(name, {}).get(metric.name)


def _about(results: Mapping[str, Any], name: str, metric: Metric) -> str:
    shots, version, count = results["n-shot"].get(name, 0), results["versions"].get(name), results["n-samples"][name]
    all_of = "all" if count["effective"] == count["original"] else "the first"
    return (
        f"lm-eval's {metric.title} on {name}, version {version}, {shots}-shot, {all_of} {count['effective']:,}"
        f" of {count['original']:,} documents."
    )
