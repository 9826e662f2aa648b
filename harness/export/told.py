"""A run's numbers by the names that a tracker takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.export.names import Alphabet, legal
from harness.export.tracker_run import Curve, Scalar, TrackerRun
from harness.render.text import one_line


@dataclass(frozen=True)
class Told:
    """What a run's numbers and parameters are called."""

    figures: Mapping[str, float]
    """Of metrics, and of cost as `cost/...`."""
    curves: Mapping[str, Curve]
    """As `train/...`."""
    settings: Mapping[str, Scalar]
    surroundings: Mapping[str, Scalar]
    renamed: Mapping[str, str]
    """What it is called here -> what it is called in the records, where that differs."""
    headline: tuple[str, ...]


@dataclass(frozen=True)
class Dictionary:
    """How a tracker calls what all runs of a suite have."""

    alphabet: Alphabet
    metrics: tuple[str, ...]
    settings: tuple[str, ...]

    def told(self, run: TrackerRun) -> Told:
        """A run's numbers: metrics keep their names first, then cost, then curves."""
        metrics = self.metrics if run.kind != "board" else ()
        wanted = {f"figure {name}": name for name in [*metrics, *run.figures]}
        wanted |= {f"cost {name}": f"cost/{name}" for name in run.cost}
        wanted |= {f"curve {name}": f"train/{name}" for name in run.curves}
        names = legal(wanted, self.alphabet)
        parameters = self.parameters([*run.settings, *run.surroundings])
        used = [*(f"figure {name}" for name in run.figures), *(f"curve {name}" for name in run.curves)]
        renamed = {names[key]: wanted[key] for key in used if names[key] != wanted[key]}
        cost = {names[f"cost {name}"]: value for name, value in run.cost.items()}
        return Told(
            figures={names[f"figure {name}"]: value for name, value in run.figures.items()} | cost,
            curves={names[f"curve {name}"]: curve for name, curve in run.curves.items()},
            settings={parameters[name]: value for name, value in run.settings.items()},
            surroundings={parameters[name]: value for name, value in run.surroundings.items()},
            renamed=renamed | {parameters[name]: name for name in parameters if parameters[name] != name},
            headline=tuple(names[f"figure {name}"] for name in run.headline),
        )

    def parameters(self, names: Iterable[str]) -> dict[str, str]:
        """Parameters by the names that the tracker takes."""
        wanted = dict.fromkeys([*self.settings, *names])
        found = legal({name: name for name in wanted}, self.alphabet)
        return {name: found[name] for name in names}


def text_of(value: Scalar, longest: int) -> str:
    """A parameter or a tag as one line of text that can be printed."""
    text = value if isinstance(value, str) else json.dumps(value)
    return one_line(text, longest)


def in_pieces(names: Mapping[str, str], longest: int) -> list[str]:
    """A mapping of names as JSON texts, each of at most `longest` characters; names that are longer are cut."""
    pieces: list[dict[str, str]] = [{}]
    for new, name in names.items():
        longer = pieces[-1] | {new: one_line(name, longest // 8)}  # of six characters in JSON at most
        if len(json.dumps(longer)) > longest and pieces[-1]:
            pieces.append({new: longer[new]})
        else:
            pieces[-1] = longer
    return [json.dumps(piece) for piece in pieces if piece]
