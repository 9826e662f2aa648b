"""Parts of the held-out pairs that a figure is broken down by, so that it shows where it was won. Data alone decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

import harness
from harness_plugins.evaluators.prompt_clusters import prompt_clusters

Kind: TypeAlias = Literal["source", "length", "subset"]

MOST = 24
"""Parts of one kind; of more (every model over every other), the largest."""


@dataclass(frozen=True)
class Judged:
    """One held-out pair."""

    example: harness.Example
    chosen: harness.Response
    rejected: harness.Response


@dataclass(frozen=True, eq=False)
class Subset:
    """A part of the pairs."""

    name: str
    """As in `Figure.subset`."""
    about: str
    """What follows "pairs"."""
    pairs: np.ndarray
    """(pairs,) bool."""


def judged_pairs(examples: Sequence[harness.Example]) -> list[Judged]:
    """All pairs, in the order of `judgements.from_pairs`."""
    return [Judged(e, e.responses[p.chosen], e.responses[p.rejected]) for e in examples for p in e.pairs]


def subsets_of(
    examples: Sequence[harness.Example], kinds: Sequence[Kind], clusters: int, least: int
) -> tuple[list[Subset], Mapping[str, int]]:
    """The parts that have at least `least` pairs and are not all there is, and how many were left out and why."""
    pairs = judged_pairs(examples)
    made = [_MAKERS[kind](pairs) for kind in kinds]
    left: Counter[str] = Counter()
    if clusters:
        made.append(_by_prompt(pairs, clusters))
        left["prompt clusters that so few prompts do not make"] += 0 if made[-1] else clusters
    kept: list[Subset] = []
    for parts in made:
        large = [part for part in parts if part.pairs.sum() >= least]
        largest = sorted(large, key=lambda part: -int(part.pairs.sum()))[:MOST]
        left[f"subsets of fewer than {least} pairs, left out"] += len(parts) - len(large)
        left[f"subsets beyond the {MOST} largest of their kind, left out"] += len(large) - len(largest)
        kept += [part for part in large if part in largest and not part.pairs.all()]
    return kept, {what: count for what, count in left.items() if count}


def _by_source(pairs: Sequence[Judged]) -> list[Subset]:
    """Who wrote the chosen and who the rejected response."""
    told = [(p.chosen.source, p.rejected.source) for p in pairs]
    named = [f"{a or 'unknown'} over {b or 'unknown'}" if a or b else None for a, b in told]
    about = "by who wrote the chosen response over who wrote the rejected one: "
    return [Subset(f"source: {name}", about + name, part) for name, part in _parts(named).items()]


def _by_length(pairs: Sequence[Judged]) -> list[Subset]:
    """Which response is longer, and quarters of the difference, in characters: so no tokeniser decides."""
    longer = np.array([len(p.chosen.text) - len(p.rejected.text) for p in pairs])
    found = [
        Subset("length: chosen longer", "whose chosen response has more characters than the rejected one", longer > 0),
        Subset(
            "length: chosen shorter", "whose chosen response has fewer characters than the rejected one", longer < 0
        ),
        Subset("length: same", "whose responses have equally many characters", longer == 0),
    ]
    edges = np.quantile(longer, [0.25, 0.5, 0.75])
    quarter = np.searchsorted(edges, longer, side="left")
    for number in range(4):
        part = quarter == number
        if part.any():
            low, high = int(longer[part].min()), int(longer[part].max())
            about = f"whose chosen response has {low} to {high} characters more than the rejected one"
            found.append(Subset(f"length quartile {number + 1}", about, part))
    return [s for s in found if s.pairs.any()]


def _by_named_subset(pairs: Sequence[Judged]) -> list[Subset]:
    """The parts that the data set itself names."""
    parts = _parts([p.example.subset for p in pairs])
    return [Subset(f"subset: {name}", f"of the data set's part {name}", part) for name, part in parts.items()]


def _by_prompt(pairs: Sequence[Judged], clusters: int) -> list[Subset]:
    found = prompt_clusters([p.example.prompt for p in pairs], clusters)
    return [
        Subset(f"prompts: {words}", f"whose prompts are alike, with words such as {words}", part)
        for words, part in _parts(found).items()
    ]


def _parts(names: Sequence[str | None]) -> Mapping[str, np.ndarray]:
    """Per name, in alphabetical order, where it stands; what has no name is in no part."""
    places: dict[str, np.ndarray] = {}
    for index, name in enumerate(names):
        if name is not None:
            places.setdefault(name, np.zeros(len(names), dtype=bool))[index] = True
    return {name: places[name] for name in sorted(places)}


_MAKERS: Mapping[Kind, Callable[[Sequence[Judged]], list[Subset]]] = {
    "source": _by_source,
    "length": _by_length,
    "subset": _by_named_subset,
}
