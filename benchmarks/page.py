"""What the page of a large board costs: seconds, memory and bytes, from records on disk to the HTML file.

    python benchmarks/page.py --json page.json

A suite of `--rows` rows at `--seeds` seeds is planned, and every step gets a record as if it had run: three evaluators
with `--metrics` metrics in all, each with a value for each of `--items` items; one of them with an answer to each item;
a log of `--steps` optimiser steps for every training. Then, each in a process of its own: the stages from records to
the page; `harness leaderboard --format html` as a whole, twice. Exit code 1 if the command takes longer than `--limit`
seconds, the page has more than `--megabytes`, or the second build has not the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fresh_process import Clock, alone, peak_memory
from invented_results import Invented, invent

if TYPE_CHECKING:
    import numpy as np

    from harness.evaluator import Figure, Generation, Unit
    from harness.run.steps import Step

METRICS = {
    "preference": ("accuracy", "auc", "margin", "accuracy_logp", "margin_logp", "ranking_accuracy"),
    "truth": ("win_rate_behaviour", "win_rate_base", "reward", "reward_legitimate", "legitimate", "pair_accuracy"),
    "drift": ("kl", "length", "entropy", "unfinished"),
}
"""Per evaluator, names that its figures have; further ones are numbered."""
UNITS: dict[str, Unit] = {
    "margin": "nats", "margin_logp": "nats", "kl": "nats", "entropy": "nats",
    "reward": "reward", "reward_legitimate": "reward", "length": "tokens",
}  # fmt: skip
"""Of metrics that are no fractions."""
UNDIRECTED = {"margin", "margin_logp", "kl", "length", "entropy"}
PSEUDO = {"auc"}
"""Figures that are no mean over items."""
WORDS = "a bridge of old stone leads past the mill to where people met when this town was young and trade was good"


@dataclass(frozen=True)
class Shape:
    """How much there is to show."""

    rows: int
    """In all."""
    seeds: int
    metrics: int
    items: int
    steps: int
    """Optimiser steps of each training."""


def main() -> int:
    """Measure, print a table, and say by the exit code whether the claims hold."""
    asked = _arguments()
    shape = Shape(asked.rows, asked.seeds, asked.metrics, asked.items, asked.steps)
    folder = Path(tempfile.mkdtemp(prefix="page-", dir=asked.folder)).resolve()
    try:
        results = folder / "results" / "many"
        before = time.perf_counter()
        made = alone(filled, folder, shape)
        print(f"{asdict(shape)}\nrecords: {made['bytes'] / 1e6:,.0f} MB, made in {time.perf_counter() - before:.0f} s")
        found: dict[str, Any] = {"shape": asdict(shape), "records": made, "stages": alone(stages, results)}
        found["commands"] = [_command(results), _command(results)]
        if asked.keep:
            shutil.copytree(folder / "results", asked.keep, dirs_exist_ok=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    failed = list(wrong(found, asked.limit, asked.megabytes))
    _print(found, failed)
    if asked.json:
        asked.json.write_text(json.dumps({**found, "wrong": failed}, indent=1) + "\n")
    return 1 if failed else 0


def suite_of(shape: Shape) -> dict[str, Any]:
    """A suite of so many rows in all: two policies, four grids, SFT with its A/A row, a control."""
    methods = ("dpo", "ipo", "robust_dpo", "kto")
    shares = [len(range(start, shape.rows - 5, len(methods))) for start in range(len(methods))]
    grids = [
        {"method": name, "options": {"beta": [round(0.01 + 0.01 * n, 2) for n in range(share)]}}
        for name, share in zip(methods, shares, strict=True)
        if share
    ]
    control = {"method": "random_labels", "label": "dpo on random labels", "options": {"base": {"method": "dpo"}}}
    plain = {"method": "sft"}
    return {
        "description": "Many rows, of which none was trained.",
        "data": {"source": "world"},
        "methods": [{"policy": "base"}, {"policy": "oracle"}, plain, *grids, control, {"again": "sft"}],
        "evaluators": list(METRICS),
        "seeds": list(range(shape.seeds)),
        "statistics": {"seed_spread": "pooled", "baseline": "sft"},
    }


def filled(folder: Path, shape: Shape) -> dict[str, Any]:
    """A results folder in which every step of the suite is done."""
    from harness.host import load
    from harness.run.manifest import manifest_of
    from harness.run.suite_run import plan_of
    from harness.store import Store
    from harness.suite import read_suite

    path = folder / "many.yaml"
    path.write_text(json.dumps(suite_of(shape)), encoding="utf-8")  # JSON is YAML
    registry, store = load(), Store(folder / "results")
    plan = plan_of(read_suite(str(path), registry=registry), registry)
    size = invent(plan, store, _inventor(shape))
    manifest = manifest_of(plan, store, {}, trial=False)
    store.write_manifest(manifest)
    return {"bytes": size, "steps": len(plan.steps), "rows": len(manifest.rows)}


def _inventor(shape: Shape) -> Callable[[Step], Invented]:
    """What each step is said to have found: a row has a level of its own, so has a seed of it, so has an item."""
    import numpy as np

    from harness.evaluator import Evaluation

    items = tuple(f"describe-the-old-bridge-{n:05d}/0" for n in range(shape.items))
    hard = np.random.default_rng(0).normal(size=shape.items)
    names = {name: of_it[: shape.metrics] for name, of_it in metrics_of(shape.metrics).items()}
    levels: dict[str, float] = {}

    def found(step: Step) -> Invented:
        rng = np.random.default_rng(int(step.digest[:12], 16))
        if step.kind == "train":
            return Invented(files={"metrics.jsonl": _log(shape.steps, rng)})
        if step.kind != "evaluate":
            return Invented()
        evaluator = str(step.identity["evaluator"])
        row = step.title.split(",")[0]
        level = levels.setdefault(row, float(rng.normal(0.0, 0.3))) + float(rng.normal(0.0, 0.05))
        figures = tuple(_figure(f"{evaluator}/{name}", items, hard + level, rng) for name in names[evaluator])
        answers = _answers(items, rng) if evaluator == "drift" else ()
        return Invented(Evaluation(figures, answers), {"generations.jsonl": _lines(answers)} if answers else {})

    return found


def metrics_of(count: int) -> dict[str, tuple[str, ...]]:
    """So many metrics in all, shared out over the evaluators."""
    found: dict[str, tuple[str, ...]] = {}
    for place, (evaluator, names) in enumerate(METRICS.items()):
        share = len(range(place, count, len(METRICS)))
        numbered = (f"metric_{n}" for n in range(share))
        found[evaluator] = (*names, *numbered)[:share]
    return found


def _figure(name: str, items: tuple[str, ...], level: np.ndarray, rng: np.random.Generator) -> Figure:
    from harness.evaluator import Figure

    metric = name.split("/")[1]
    values = level + rng.normal(0.0, 0.5, len(items))
    if metric not in UNITS:
        values = (values > 0).astype(float)
    value, direction = float(values.mean()), None if metric in UNDIRECTED else metric != "unfinished"
    return Figure(
        name, value, UNITS.get(metric, "fraction"), direction, items, tuple(values.tolist()), pseudo=metric in PSEUDO
    )


def _answers(items: tuple[str, ...], rng: np.random.Generator) -> tuple[Generation, ...]:
    from harness.evaluator import Generation

    words = WORDS.split()
    picked = rng.integers(0, len(words), (len(items), 40))
    return tuple(
        Generation(item, f"please describe {item}", " ".join(words[n] for n in of_item), finished=bool(of_item[0]))
        for item, of_item in zip(items, picked, strict=True)
    )


def _lines(answers: tuple[Generation, ...]) -> str:
    return "".join(json.dumps(asdict(one)) + "\n" for one in answers)


def _log(steps: int, rng: np.random.Generator) -> str:
    """`metrics.jsonl` of a training."""
    names = ("loss", "gradient_norm", "learning_rate", "margin", "accuracy", "chosen_log_ratio", "rejected_log_ratio")
    numbers = rng.normal(size=(steps, len(names))).cumsum(0) / 50
    extra = {"response_tokens": 1_200, "micro_batches": [50, 14]}
    lines: Iterator[dict[str, Any]] = (
        {"step": n + 1, **dict(zip(names, line, strict=True)), **extra} for n, line in enumerate(numbers.tolist())
    )
    return "".join(json.dumps(line) + "\n" for line in lines)


def stages(folder: Path) -> dict[str, Any]:
    """Seconds of each stage from records to the page. `page` draws the figures again, which `figures` draws alone."""
    from harness.board import make_board
    from harness.figures import figures_of
    from harness.page import page_html
    from harness.report.gather import report_of
    from harness.store import Store, digests_of, read_manifest

    clocks = {name: Clock() for name in ("read", "board", "report", "figures", "page")}
    with clocks["read"]:
        manifest, store = read_manifest(folder), Store(folder.parent)
        records = store.records(digests_of(manifest))
    memory = {"read": peak_memory()}
    with clocks["board"]:
        board = make_board(manifest, records)
    memory["board"] = peak_memory()
    with clocks["report"]:
        report = report_of(manifest, records, board, (store,), None)
    with clocks["figures"]:
        figures = figures_of(report)
    with clocks["page"]:
        page = page_html(report)
    memory["page"] = peak_memory()
    seconds = {name: {"seconds": clock.seconds, "cpu_seconds": clock.cpu_seconds} for name, clock in clocks.items()}
    return {
        "seconds": seconds,
        "memory": memory,
        "figures": len(figures),
        "bytes": len(page.encode()),
    }


def _command(results: Path) -> dict[str, Any]:
    """The whole of it as people call it, and what it leaves."""
    page = results / "leaderboard.html"
    page.unlink(missing_ok=True)
    command = [sys.executable, "-m", "harness", "leaderboard", str(results), "--format", "html"]
    before, cpu = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    seconds, after = time.perf_counter() - before, resource.getrusage(resource.RUSAGE_CHILDREN)
    content = page.read_bytes()
    return {
        "seconds": seconds,
        "cpu_seconds": after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime,
        "bytes": len(content),
        "digest": hashlib.sha256(content).hexdigest(),
    }


def wrong(found: dict[str, Any], limit: float, megabytes: float) -> Iterator[str]:
    """Each claim that does not hold."""
    one, other = found["commands"]
    if min(one["seconds"], other["seconds"]) > limit:
        yield f"the page takes more than {limit:g} s"
    if one["bytes"] > megabytes * 1e6:
        yield f"the page has more than {megabytes:g} MB"
    if one["digest"] != other["digest"]:
        yield "the second build is not that of the first, byte for byte"


def _print(found: dict[str, Any], failed: list[str]) -> None:
    print(f"\n{'':<26}{'seconds':>9}{'CPU':>9}{'memory':>12}")
    for name, one in found["stages"]["seconds"].items():
        held = found["stages"]["memory"].get(name)
        print(f"{name:<26}{one['seconds']:>9.2f}{one['cpu_seconds']:>9.2f}", end="")
        print(f"{held['peak_rss_gb']:>9.2f} GB" if held else "")
    for name, one in zip(("whole command", "again"), found["commands"], strict=True):
        print(f"{name:<26}{one['seconds']:>9.2f}{one['cpu_seconds']:>9.2f}")
    print(f"{found['stages']['figures']} figures, page of {found['commands'][0]['bytes'] / 1e6:.2f} MB")
    print("\n".join(failed) or "all claims hold")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200, help="at least 6")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--metrics", type=int, default=20)
    parser.add_argument("--items", type=int, default=1_000)
    parser.add_argument("--steps", type=int, default=200, help="optimiser steps of each training")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds")
    parser.add_argument("--megabytes", type=float, default=15.0)
    parser.add_argument("--folder", type=Path, help="where to put a folder for the work; the system's by default")
    parser.add_argument("--keep", type=Path, help="a folder to copy the results to")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
