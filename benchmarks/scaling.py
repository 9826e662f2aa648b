"""How time and memory grow: against pairs, candidates, prompt length, model size, and rows of a suite.

    python benchmarks/scaling.py --json
    python benchmarks/scaling.py --what pairs prompt

Each point is a fresh process: training on pairs by the engine, reference column included; scoring for K candidates a
prompt; `harness run` for rows, with the base model made beforehand. Per curve, the slope of a straight line through
the logarithms: 1 is linear growth. Memory is the peak less what the process held before it began.
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import report
from fresh_process import ask
from random_work import Pairs, Shape, parameters, write_work

POINTS: Mapping[str, tuple[int, ...]] = {
    "pairs": (32, 64, 128, 256),
    "candidates": (2, 4, 8, 16),
    "prompt": (100, 200, 400, 800),
    "size": (64, 128, 256, 512),
    "rows": (1, 2, 4, 8),
}
"""Along each axis; of `size`, hidden sizes, plotted as parameters."""
MEANT = Pairs(count=32, prompt=100, response=50)
"""Where an axis does not say otherwise."""
BARS = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = report.parser(__doc__)
    parser.add_argument("--what", nargs="+", choices=list(POINTS), default=list(POINTS), help="axes (default: all)")
    parser.add_argument("--points", type=int, default=4, help="of each curve, the first so many (default: 4)")
    parser.add_argument(
        "--prompts", type=int, default=512, help="preferences a row trains on, of `rows` (default: 512)"
    )
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    curves: dict[str, Any] = {}
    for what in asked.what:
        points = POINTS[what][: asked.points]
        measured = rows(points, asked.prompts) if what == "rows" else [measure(what, at, asked.seed) for at in points]
        curves[what] = curve(measured)
    parts = [part for what, one in curves.items() for part in drawn(what, one)]
    report.show({"curves": curves}, asked, parts)
    return 0


def measure(what: str, at: int, seed: int) -> dict[str, float]:
    """One point of a curve of the engine."""
    shape = Shape(hidden=at, mlp=-16 * (-8 * at // 48), heads=max(1, at // 32)) if what == "size" else Shape()
    changed = {"pairs": {"count": at}, "candidates": {"responses": at}, "prompt": {"prompt": at}}.get(what, {})
    pairs = replace(MEANT, **changed)
    given: dict[str, Any] = {
        "method": "dpo",
        "options": {},
        "batch": 8,
        "dtype": "fp32",
        "seed": seed,
        "learning_rate": 1e-5,
        "longest": 2 * (pairs.prompt + pairs.response) + 8,
        "way": "engine",
    }
    with tempfile.TemporaryDirectory(prefix="scaling-") as place:
        write_work(shape, pairs, Path(place), seed)
        found = ask("score_side" if what == "candidates" else "engine_side", {**given, "folder": place})
    x = parameters(shape) if what == "size" else at
    held = found["peak_rss_gb"] - found["loaded_gb"]
    return {"at": x, "seconds": found["seconds"], "cpu_seconds": found["cpu_seconds"], "memory_gb": held}


def rows(points: Sequence[int], prompts: int) -> list[dict[str, float]]:
    """Seconds of `harness run` on suites of so many rows; nothing is shared with the run before but the base model."""
    import shutil

    from suite_vs_scripts import base_model, read_suite, run_harness

    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="scaling-") as place:
        folder, suite = Path(place), read_suite()
        base_model(folder / "warm", suite)
        for count in points:
            file = folder / "rows.yaml"
            file.write_text(json.dumps(suite_of(count, prompts)))
            results = folder / "results"
            shutil.rmtree(results, ignore_errors=True)
            shutil.copytree(folder / "warm", results)
            found.append({"at": count, "seconds": run_harness([str(file), "--results", str(results)], folder)})
    return found


def suite_of(count: int, prompts: int) -> dict[str, Any]:
    """A suite of DPO rows that differ in beta."""
    betas = [0.1 + 0.05 * i for i in range(count)]
    return {
        "extends": "trl-rows",
        "methods": [{"method": "dpo", "label": f"dpo {i}", "options": {"beta": beta}} for i, beta in enumerate(betas)],
        "evaluators": ["preference"],
        "statistics": {"baseline": "dpo 0"},
        "seeds": [0],
        "budget": {"prompts": prompts},
    }


def curve(points: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    """The points, and per quantity the slope over all of them and over the last two."""
    made: dict[str, Any] = {"points": list(points)}
    for name in points[0]:
        if name != "at" and len(points) > 1:
            logs = [(math.log(p["at"]), math.log(max(p[name], 1e-9))) for p in points]
            made[f"slope_{name}"] = slope(logs)
            made[f"last_slope_{name}"] = slope(logs[-2:])
    return made


def slope(points: Sequence[tuple[float, float]]) -> float:
    """Of the least-squares line."""
    n = len(points)
    x, y = (sum(p[i] for p in points) / n for i in (0, 1))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def drawn(what: str, one: Mapping[str, Any]) -> list[Any]:
    """A table with a bar per point, and the slopes."""
    most = max(p["seconds"] for p in one["points"])
    names = [name for name in one["points"][0] if name != "at"]
    cells = [(f"{p['at']:,}", *(p[n] for n in names), "█" * round(BARS * p["seconds"] / most)) for p in one["points"]]
    slopes = ", ".join(f"{key.replace('_', ' ')} {v:.2f}" for key, v in one.items() if "slope" in key)
    return [report.table(f"Against {what}", (what, *(n.replace("_", " ") for n in names), "seconds"), cells), slopes]


if __name__ == "__main__":
    sys.exit(main())
