"""How often the gate cries wolf, and how often it finds what it says it would find, where the truth is known.

    python benchmarks/gate.py --json gate.json

Pairs of runs of nine rows and ten metrics, all 90 figures together, drawn from one law: nothing has changed between
them, but for the luck of training, of the draw of answers, and of what either run makes of an item. Per kind of pair:
how often the gate says that any figure dropped; and how often it finds a drop of the size that it prints itself
(80 % power, one-sided, family-wise), and of twice that size, planted into one figure of the pair that printed it, and
into a fresh pair. The statistics are the gate's own functions on arrays of pairs, without a margin; some pairs go the
whole way as well, from records through a written baseline to the verdict, with the margins that the gate has by itself.
Exit code 1 if it cries wolf too often or finds too little.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from known_truth import BINARY_CENTRE, CORRELATION, Array, Cell, seed_variance
from numpy.typing import NDArray
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy.special import expit

from harness.gate.baseline import baseline_of, read_baseline, write_baseline
from harness.gate.check import check
from harness.gate.margins import Settings
from harness.gate.power import detectable
from harness.gate.two_runs import SeedSquares, own_square, parts_of, pooled_squares
from harness.records import (
    Cell as Step,
)
from harness.records import (
    Cost,
    FigureRecord,
    LedgerRecord,
    Provenance,
    Record,
    Results,
    RowManifest,
    RunManifest,
)
from harness.statistics import ItemPart, Parts, own_parts

ALPHA = 0.05
ROWS, METRICS = 9, 10
FAMILY = ROWS * METRICS
PLANTED = 2
"""Metrics that drops are planted into, one figure at a time: all are alike."""
AT_ONCE = 6_000_000
"""Scores drawn at a time."""
CAUGHT, CAUGHT_TWICE = 0.75, 0.95
"""At the drop that the gate prints, and at twice that; held at five seeds."""

Luck: TypeAlias = Literal["own", "row", "run", "all"]
"""What correlates by 0.7 at a seed: nothing; the two runs of a row; the rows of a run; all rows of both runs."""


@dataclass(frozen=True)
class Kind:
    """One kind of pair of runs."""

    outcome: Literal["continuous", "binary"]
    seeds: int
    k: float
    """sd over seeds of one seed's A - B shift over the standard error that A - B would have if seeds did nothing."""
    luck: Luck
    items: int = 500


def kinds() -> list[Kind]:
    """Those at five seeds, which are held to everything, and some at three and two."""
    lucks: tuple[Luck, ...] = ("own", "row", "run", "all")
    five = [Kind(o, 5, k, luck) for o in ("continuous", "binary") for k in (0.0, 1.0, 3.0) for luck in lucks]
    few = [Kind("continuous", seeds, k, luck) for seeds in (3, 2) for k in (0.0, 3.0) for luck in ("own", "all")]
    return [kind for kind in five if kind.k or kind.luck == "own"] + [
        kind for kind in few if kind.k or kind.luck == "own"
    ]


def pairs(kind: Kind, replicates: int, random: np.random.Generator) -> Iterator[tuple[Array, Array]]:
    """(R, METRICS, ROWS, S, N) scores of either run, `replicates` pairs in all, some at a time.

    As `known_truth.draw` has them: y = b_j + g_mj + u_mi + e_mij, or the logistic draw of it. Both runs have b in
    common; g, what a row makes of an item, is new in every run.
    """
    like = Cell(kind.outcome, kind.seeds, kind.items, kind.k, shared=False)
    b, g, e = (math.sqrt(v) for v in like.item_variances)
    sd, s, n = math.sqrt(seed_variance(like)), kind.seeds, kind.items
    size = max(1, AT_ONCE // (2 * FAMILY * s * n))
    for start in range(0, replicates, size):
        count = min(size, replicates - start)

        def normal(*shape: int, count: int = count) -> NDArray[np.float32]:
            return random.standard_normal((count, METRICS, *shape), dtype=np.float32)

        item = b * normal(1, 1, n)
        common = {"own": None, "row": normal(ROWS, s, 1), "run": None, "all": normal(1, s, 1)}[kind.luck]
        made: list[Array] = []
        for _ in range(2):
            shared = normal(1, s, 1) if kind.luck == "run" else common
            own = normal(ROWS, s, 1)
            luck = own if shared is None else math.sqrt(CORRELATION) * shared + math.sqrt(1 - CORRELATION) * own
            centre = item + g * normal(ROWS, 1, n) + np.float32(sd) * luck
            if kind.outcome == "continuous":
                centre += e * normal(ROWS, s, n)
            else:
                chance = expit(np.float32(BINARY_CENTRE) + centre)
                centre = random.random(centre.shape, dtype=np.float32) < chance
            made.append(centre.astype(np.float64))
        yield made[0], made[1]


def formulas(a: Array, b: Array) -> dict[str, Parts]:
    """The variance of every drop: by the row's two runs, by all rows, and seed by seed as boards have it."""
    means_a, means_b = a.mean(-1), b.mean(-1)
    pooled = SeedSquares(tuple((square[..., None], df) for square, df in pooled_squares(means_a, means_b).parts))
    return {
        "own": parts_of([a], [b], own_square(means_a, means_b)),
        "pooled": parts_of([a], [b], pooled),
        "seed by seed": own_parts(a - b),
    }


@dataclass(frozen=True)
class Found:
    """What one formula did with one kind of pairs."""

    kind: Kind
    formula: str
    whole: bool
    """Whether records went through a written baseline to a verdict."""
    pairs: int
    false_alarms: float
    """Share of pairs in which any of 90 figures is said to have dropped."""
    error: float
    """Standard error of simulation of a false alarm in 20."""
    detectable: float
    """The drop that the gate prints, mean over figures."""
    caught: float
    """How often it is found, planted into the pair that printed it."""
    caught_twice: float
    caught_fresh: float
    """The same, planted into another pair."""
    caught_fresh_twice: float


def measure(kind: Kind, replicates: int, seed: int) -> list[Found]:
    """Draw pairs and see what each formula does. A drop planted into one figure is found by Holm exactly if its first
    step finds it, or if another figure errs.
    """
    sums: dict[str, Array] = {}
    before: dict[str, Array] = {}
    for a, b in pairs(kind, replicates, np.random.default_rng(seed)):
        drop = (a.mean(-1) - b.mean(-1)).mean(-1)
        for name, parts in formulas(a, b).items():
            bar = np.broadcast_to(parts.half(2 * ALPHA / FAMILY), drop.shape)
            alarms = (drop > bar).any((1, 2)).sum()
            one, over = drop[:, :PLANTED], bar[:, :PLANTED]
            some = part_of(parts, drop.shape, PLANTED)
            least = detectable(some, level=ALPHA / FAMILY, margin=np.zeros(one.size)).reshape(one.shape)
            fresh = np.concatenate([before.get(name, least[-1:]), least])[:-1]
            before[name] = least[-1:]
            caught = [(one + planted > over).mean((1, 2)).sum() for planted in (least, 2 * least, fresh, 2 * fresh)]
            found = np.array([alarms, least.mean((1, 2)).sum(), *caught])
            sums[name] = sums.get(name, np.zeros(6)) + found
    error = math.sqrt(ALPHA * (1 - ALPHA) / replicates)
    return [
        Found(kind, name, False, replicates, total[0], error, *total[1:])
        for name, total in ((name, (of / replicates).tolist()) for name, of in sums.items())
    ]


def part_of(parts: Parts, shape: tuple[int, ...], metrics: int) -> Parts:
    """The variances of the figures of the first so many metrics, in a row.

    Args:
        parts: of (R, METRICS, ROWS) figures, or what that is broadcast from.
        shape: (R, METRICS, ROWS)
        metrics: how many.
    """

    def flat(values: Array) -> Array:
        return np.broadcast_to(values, shape)[:, :metrics].ravel()

    items = tuple(ItemPart(flat(part.variance), flat(part.df)) for part in parts.items)
    return Parts(flat(parts.seed), flat(parts.seed_df), items)


def run_of(scores: Array, outcome: str) -> tuple[RunManifest, dict[str, Record]]:
    """A run as it lies on disk.

    Args:
        scores: (METRICS, ROWS, S, N)
        outcome: "binary" makes fractions of them.
    """
    metrics, rows, seeds, items = scores.shape
    unit = "fraction" if outcome == "binary" else "points"
    ids = [f"item {j}" for j in range(items)]
    where = Provenance(started="2026-01-01T00:00:00+00:00", host={}, versions={}, plugins={})
    records: dict[str, Record] = {}
    listed: list[RowManifest] = []
    for r in range(rows):
        cells: list[Step] = []
        for s in range(seeds):
            name = f"evaluation {r} {s}"
            figures = [
                FigureRecord(
                    metric=f"known/{m}", value=float(scores[m, r, s].mean()), unit=unit, higher_is_better=True,
                    items="items", values=scores[m, r, s].tolist(),
                )
                for m in range(metrics)
            ]  # fmt: skip
            records[name] = Record(
                kind="evaluate", digest=name, identity={"evaluator": "known"}, payload=[], cost=Cost(),
                provenance=where, results=Results(figures=figures, item_sets={"items": ids}),
            )  # fmt: skip
            cells.append(Step(what="known", seed=s, digest=name, state="done"))
        listed.append(
            RowManifest(
                label=f"row {r}",
                method="dpo",
                options={},
                training={},
                distribution="",
                version="",
                own=True,
                saw=[],
                cells=cells,
            )
        )
    ledger = LedgerRecord(read=items, kept=items, dropped={}, counted={}, named=[])
    manifest = RunManifest(
        suite="gate", description="", suite_digest="0", as_run={}, rows=listed, evaluators=["known"],
        ledgers={"test": ledger}, model="", data="",
    )  # fmt: skip
    return manifest, records


def planted(scores: Array, place: tuple[int, int], drop: float, outcome: str, random: np.random.Generator) -> Array:
    """The scores with a drop in the figure at `place`, (metric, row): so many right answers become wrong ones."""
    made = scores.copy()
    if outcome == "continuous":
        made[place] -= drop
    else:
        share = drop / made[place].mean()
        made[place] *= random.random(made[place].shape) >= share
    return made


def measure_whole(kind: Kind, replicates: int, seed: int) -> Found:
    """The same by records, a baseline on disk and `check`: margins, Holm over all figures and all else."""
    random = np.random.default_rng(seed)
    counts, before = np.zeros(6), None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gate.json"
        for a, b in _single(pairs(kind, replicates + 1, random)):
            write_baseline(baseline_of(*run_of(a, kind.outcome)), path)
            baseline = read_baseline(path)
            place = (int(random.integers(METRICS)), int(random.integers(ROWS)))

            def verdict(drop: float, b: Array = b, place: tuple[int, int] = place, baseline: Any = baseline) -> Any:
                run = b if drop == 0 else planted(b, place, drop, kind.outcome, random)
                found = check(baseline, *run_of(run, kind.outcome), Settings())
                one = next(f for f in found.figures if (f.metric, f.row) == (f"known/{place[0]}", f"row {place[1]}"))
                return found, one

            plain, one = verdict(0.0)
            if before is not None:
                tried = [
                    verdict(d)[1].verdict == "dropped" for d in (one.detectable, 2 * one.detectable, before, 2 * before)
                ]
                counts += [plain.verdict == "regression", one.detectable, *tried]
            before = one.detectable
    error = math.sqrt(ALPHA * (1 - ALPHA) / replicates)
    shares = (counts / replicates).tolist()
    return Found(kind, "own", True, replicates, shares[0], error, *shares[1:])


def _single(drawn: Iterator[tuple[Array, Array]]) -> Iterator[tuple[Array, Array]]:
    for a, b in drawn:
        yield from zip(a, b, strict=True)


@dataclass(frozen=True)
class Check:
    """One statement and whether it is so."""

    what: str
    ok: bool
    figure: str


def checks(found: Sequence[Found]) -> list[Check]:
    """Everything that must be so. What boards would do, seed by seed, stands beside it and is held to nothing."""
    made: list[Check] = []
    groups = {(one.formula, one.kind.seeds, one.whole): [] for one in found if one.formula != "seed by seed"}
    for one in found:
        if one.formula != "seed by seed":
            groups[one.formula, one.kind.seeds, one.whole].append(one)
    for (formula, seeds, whole), ones in groups.items():
        label = f"{formula}, S={seeds}{', from records to verdict' if whole else ''}"
        worst = max(ones, key=lambda one: one.false_alarms)
        mean = sum(one.false_alarms for one in ones) / len(ones)
        allowed = ALPHA + 2 * math.sqrt(sum(one.error**2 for one in ones)) / len(ones)
        most = ALPHA + 2 * worst.error
        made += [
            Check(f"{label}: false alarms, all kinds together, at most {allowed:.1%}", mean <= allowed, f"{mean:.1%}"),
            Check(
                f"{label}: false alarms, worst kind, at most {most:.1%}",
                worst.false_alarms <= most,
                f"{worst.false_alarms:.1%}",
            ),
        ]
        if seeds == 5:
            slack = 2 * math.sqrt(CAUGHT * (1 - CAUGHT) / ones[0].pairs) if whole else 0.0  # one figure a pair, not 90
            once = min(min(one.caught, one.caught_fresh) for one in ones)
            twofold = min(min(one.caught_twice, one.caught_fresh_twice) for one in ones)
            made += [
                Check(
                    f"{label}: a drop of the size printed is found, at least {CAUGHT - slack:.0%}",
                    once >= CAUGHT - slack,
                    f"{once:.1%}",
                ),
                Check(f"{label}: twice that, at least {CAUGHT_TWICE:.0%}", twofold >= CAUGHT_TWICE, f"{twofold:.1%}"),
            ]
    return made


def table(title: str, found: Sequence[Found]) -> Table:
    """A line per kind; per formula false alarms in %, the drop printed, and % found in this and in a fresh pair."""
    made = Table("outcome", "S", "k", "luck shared by", title=title, title_justify="left", box=SIMPLE_HEAD)
    names = list(dict.fromkeys(one.formula for one in found))
    for name in names:
        made.add_column(name, justify="right", no_wrap=True)
    by_kind: dict[Kind, dict[str, str]] = {}
    for one in found:
        caught = (one.caught, one.caught_twice, one.caught_fresh, one.caught_fresh_twice)
        told = f"{100 * one.false_alarms:.1f} {one.detectable:.3f} {' '.join(f'{100 * c:.0f}' for c in caught)}"
        by_kind.setdefault(one.kind, {})[one.formula] = told
    for kind, said in by_kind.items():
        luck = {"own": "none", "row": "a row's runs", "run": "a run's rows", "all": "all"}[kind.luck]
        made.add_row(kind.outcome, str(kind.seeds), f"{kind.k:g}", luck, *(said.get(name, "") for name in names))
    return made


WHOLE = (Kind("continuous", 5, 1.0, "own"), Kind("binary", 5, 1.0, "all"))


def main() -> int:
    """Simulate, print, and say by the exit code whether everything is so."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--replicates", type=int, default=400, help="pairs of runs per kind (default: 400)")
    parser.add_argument("--whole", type=int, default=60, help="pairs that go the whole way, per kind (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation (default: 0)")
    parser.add_argument("--quick", action="store_true", help="a corner: continuous, k=1 at five seeds; 100 items")
    parser.add_argument("--json", type=Path, help="where to write every figure")
    asked = parser.parse_args()
    chosen, whole = kinds(), WHOLE
    if asked.quick:
        chosen = [replace(kind, items=100) for kind in chosen if kind.outcome == "continuous" and kind.k == 1]
        whole = tuple(replace(kind, items=100) for kind in WHOLE)
    screen, started = Console(width=max(Console().width, 130)), time.process_time()
    found: list[Found] = []
    with Progress(console=Console(stderr=True)) as progress:
        for number, kind in enumerate(progress.track(chosen, description="kinds")):
            found += measure(kind, asked.replicates, asked.seed + number)
        for number, kind in enumerate(progress.track(whole if asked.whole else (), description="whole")):
            found.append(measure_whole(kind, asked.whole, asked.seed + 1000 + number))
    made, seconds = checks(found), time.process_time() - started
    title = (
        "False alarms %, drop printed; % found of it and of twice it, in the pair that printed it and in a fresh one"
    )
    screen.print(table(title, [one for one in found if not one.whole]))
    screen.print(table("The same from records to verdict", [one for one in found if one.whole]))
    for one in made:
        screen.print(f"{'ok    ' if one.ok else 'MISSED'} {one.what}: {one.figure}", highlight=False, soft_wrap=True)
    screen.print(f"{len(chosen)} kinds of {asked.replicates} pairs, {seconds:.0f} CPU seconds")
    if asked.json:
        settings = {name: getattr(asked, name) for name in ("replicates", "whole", "seed", "quick")}
        told = {"settings": settings, "passed": all(one.ok for one in made), "checks": [asdict(one) for one in made]}
        asked.json.write_text(json.dumps({**told, "kinds": [asdict(one) for one in found]}, indent=1) + "\n")
    return 0 if all(one.ok for one in made) else 1


if __name__ == "__main__":
    sys.exit(main())
