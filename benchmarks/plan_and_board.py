"""What planning and boards cost as suites grow: seconds against rows and against records, with fitted slopes.

    python benchmarks/plan_and_board.py --json plan_and_board.json

Planning: a suite of N rows (DPO at N settings) is read and planned, records looked up. Boards: a suite is planned, each
step is given a record through the store, and the board is made as `harness run` makes it when nothing is left to do.
Each measurement has a process of its own; importing is not timed, except for the whole commands. Exit code 1 if 10,000
rows or 10,000 records of evaluations take longer than `--limit` seconds, or cost grows faster than a slope of 1.25.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fresh_process import alone
from invented_results import Invented, invent

if TYPE_CHECKING:
    from harness.run.steps import Step

GRID = 1_000
"""Rows of one grid: the most that a suite may ask for in one entry."""
STEEPEST = 1.25
"""Of seconds over size, both as logarithms, where cost counts as linear."""


@dataclass(frozen=True)
class Shape:
    """A suite, and what its evaluators give."""

    rows: int
    seeds: int
    evaluators: int
    figures: int = 1
    """Per record."""
    items: int = 320
    """Per figure, each with a value."""

    @property
    def records(self) -> int:
        """Of evaluations."""
        return self.rows * self.seeds * self.evaluators


def main() -> int:
    """Measure, print tables, and say by the exit code whether the claims hold."""
    asked = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="plan-and-board-", dir=asked.folder)).resolve()
    try:
        plans = [alone(planned, folder, Shape(rows, asked.seeds, 1)) for rows in asked.rows]
        _table("planning", "rows", plans, ("read", "plan", "look up"))
        boards: dict[str, list[dict[str, Any]]] = {}
        for name, shapes in asked.shapes.items():
            boards[name] = [_board(folder, shape, whole=shape is shapes[-1]) for shape in shapes]
            _table(f"board, {name}", "records", boards[name], ("look up", "read", "make", "write"))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sizes = {"planning": plans, **boards}
    slopes = {name: slope([(one["size"], one["seconds"]) for one in found]) for name, found in sizes.items()}
    print("\nslope of seconds over size, both as logarithms: ", end="")
    print(", ".join(f"{name} {value:.2f}" for name, value in slopes.items()))
    late = [n for n, found in sizes.items() if any(f["seconds"] > asked.limit and f["size"] <= 10_000 for f in found)]
    steep = [name for name, value in slopes.items() if value > STEEPEST]
    if asked.json:
        facts = {"planning": plans, "boards": boards, "slopes": slopes, "late": late, "steep": steep}
        asked.json.write_text(json.dumps({**facts, "limit_seconds": asked.limit}, indent=1) + "\n")
    return 1 if late or steep else 0


def slope(points: list[tuple[int, float]]) -> float:
    """Of log seconds over log size, by least squares; NaN where there are not two sizes."""
    x = [math.log(size) for size, _ in points]
    y = [math.log(seconds) for _, seconds in points]
    at, around = sum(x) / len(x), sum(y) / len(y)
    below = sum((a - at) ** 2 for a in x)
    return sum((a - at) * (b - around) for a, b in zip(x, y, strict=True)) / below if below else math.nan


def write_suite(folder: Path, shape: Shape) -> Path:
    """A suite of so many rows: grids over beta, each at a learning rate of its own."""
    methods = [
        {
            "method": "dpo",
            "label": f"dpo {first // GRID}",
            "training": {"learning_rate": 1e-4 * (1 + first // GRID)},
            "options": {"beta": [round(0.01 + 0.001 * n, 3) for n in range(min(GRID, shape.rows - first))]},
        }
        for first in range(0, shape.rows, GRID)
    ]
    evaluators = [
        {"evaluator": "drift", "label": f"drift {n}", "options": {"max_tokens": 16 + n}}
        for n in range(shape.evaluators)
    ]
    suite = {
        "data": {"source": "world"},
        "methods": [{"policy": "base"}, *methods],
        "evaluators": evaluators,
        "seeds": list(range(shape.seeds)),
        "statistics": {"seed_spread": "pooled"},
    }
    path = folder / f"rows{shape.rows}x{shape.seeds}x{shape.evaluators}.yaml"
    path.write_text(json.dumps(suite), encoding="utf-8")  # JSON is YAML
    return path


def planned(folder: Path, shape: Shape) -> dict[str, Any]:
    """Seconds to read a suite, plan it, and look up what is done."""
    from harness.host import load
    from harness.run.run_plan import missing
    from harness.run.suite_run import plan_of
    from harness.store import Store
    from harness.suite import read_suite

    path, registry, store = write_suite(folder, shape), load(), Store(folder / "none")
    clock = Clock()
    suite = read_suite(str(path), registry=registry)
    clock.lap("read")
    plan = plan_of(suite, registry)
    clock.lap("plan")
    missing(plan, store)
    clock.lap("look up")
    return {"size": shape.rows, "steps": len(plan.steps), **asdict(shape), **clock.found()}


class Clock:
    """Wall seconds by part."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.cpu, self.last = time.process_time(), time.perf_counter()

    def lap(self, part: str) -> None:
        """Everything since the last lap was this part."""
        now = time.perf_counter()
        self.parts[part], self.last = now - self.last, now

    def found(self) -> dict[str, Any]:
        """The parts, their sum, processor seconds and the process's memory at its most."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        total = sum(self.parts.values())
        return {"parts": self.parts, "seconds": total, "cpu_seconds": time.process_time() - self.cpu, "peak": peak}


def _board(folder: Path, shape: Shape, *, whole: bool) -> dict[str, Any]:
    results = folder / "results"
    suite = write_suite(folder, shape)
    size = alone(filled, suite, results, shape)
    found = {**alone(board, suite, results), "size": shape.records, "bytes": size, **asdict(shape)}
    if whole:
        command = [sys.executable, "-m", "harness", "run", str(suite), "--results", str(results)]
        before = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
        found["command"] = time.perf_counter() - before
    shutil.rmtree(results)
    return found


def filled(path: Path, results: Path, shape: Shape) -> int:
    """Give every step of a suite a record, figures drawn at random; returns the bytes of all records."""
    import numpy as np

    from harness.evaluator import Evaluation, Figure
    from harness.host import load
    from harness.run.suite_run import plan_of
    from harness.store import Store
    from harness.suite import read_suite

    registry, store = load(), Store(results)
    plan = plan_of(read_suite(str(path), registry=registry), registry)
    items = tuple(f"test/{n:05d}" for n in range(shape.items))
    rng = np.random.default_rng(0)
    hard = rng.normal(size=shape.items)

    def found(step: Step) -> Invented:
        if step.kind != "evaluate":
            return Invented()
        level, figures = rng.normal(0.0, 0.05), []
        for number in range(shape.figures):
            values = (hard + level + rng.normal(0.0, 0.5, shape.items)).tolist()
            mean = sum(values) / len(values)
            figures.append(Figure(f"drift/figure_{number}", mean, "nats", True, items, tuple(values)))
        return Invented(Evaluation(tuple(figures)))

    return invent(plan, store, found)


def board(path: Path, results: Path) -> dict[str, Any]:
    """Seconds to make a suite's board from its records, the files written, once the suite is planned."""
    from harness.board import make_board
    from harness.host import load
    from harness.render import write_board
    from harness.run.manifest import manifest_of
    from harness.run.run_plan import missing
    from harness.run.suite_run import plan_of
    from harness.store import Store, digests_of
    from harness.suite import read_suite

    registry, store = load(), Store(results)
    plan = plan_of(read_suite(str(path), registry=registry), registry)
    clock = Clock()
    assert not missing(plan, store)
    manifest = manifest_of(plan, store, {}, trial=False)
    folder = store.write_manifest(manifest)
    clock.lap("look up")
    records = store.records(digests_of(manifest))
    clock.lap("read")
    made = make_board(manifest, records)
    clock.lap("make")
    write_board(made, folder)
    clock.lap("write")
    return {"all_records": len(records), **clock.found()}


def _table(title: str, what: str, found: list[dict[str, Any]], parts: tuple[str, ...]) -> None:
    print(f"\n{title}, seconds\n{what:>10}{'rows':>8}{'seeds':>7}", end="")
    print("".join(f"{part:>10}" for part in (*parts, "all", "CPU")) + f"{'memory':>10}  whole command")
    for one in found:
        seconds = [*(one["parts"][part] for part in parts), one["seconds"], one["cpu_seconds"]]
        print(f"{one['size']:>10,}{one['rows']:>8,}{one['seeds']:>7}", end="")
        print("".join(f"{s:>10.2f}" for s in seconds), end="")
        print(f"{one['peak'] / 1e6:>7.0f} MB  " + (f"{one['command']:.2f}" if "command" in one else ""), flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[300, 1_000, 3_000, 10_000])
    parser.add_argument("--seeds", type=int, default=3, help="of the suites that are planned")
    parser.add_argument("--figures", type=int, default=1, help="per record")
    parser.add_argument("--items", type=int, default=320, help="per figure")
    parser.add_argument("--limit", type=float, default=3.0, help="seconds for 10,000 rows, and for 10,000 records")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--folder", type=Path, help="where to put a folder for the work; the system's by default")
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    few = 10 if asked.quick else 1
    asked.rows = [max(rows // few, 1) for rows in asked.rows]
    extra = (asked.figures, asked.items)
    asked.shapes = {
        "many rows": [Shape(rows // few, 3, 1, *extra) for rows in (333, 1_111, 3_333)],
        "many records a row": [Shape(rows // few, 10, 10, *extra) for rows in (10, 33, 100)],
    }
    return asked


if __name__ == "__main__":
    sys.exit(main())
