"""A whole suite by one command, against the same work as separate scripts.

    python benchmarks/suite_vs_scripts.py --json

`harness run trl-rows`: six rows that TRL trains too, three seeds, held-out preferences and two lm-eval tasks each, from
a results folder that holds the base model and nothing else. Against it, for each row and seed, a process that trains
with TRL from the same checkpoint on the same preferences, evaluates held-out ones with TRL's trainer and saves; then a
process of `lm_eval run` on what was saved, both tasks in one call. The base model's own training counts for neither.

`--sample` measures the scripts of some rows and seeds only, and multiplies; the output says so.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import report
from fresh_process import QUIET, ask

SUITES = Path(__file__).parents[1] / "suites"
SUITE = SUITES / "trl-rows.yaml"
TASK_FILES = SUITES / "tasks"
TARGET = 6.0


@dataclass(frozen=True)
class Script:
    """A row of the suite as TRL is told it."""

    label: str
    trainer: str
    """"dpo" or "kto"."""
    trl: Mapping[str, Any]
    learning_rate: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure both sides, print, and say by the exit code whether the target is met."""
    asked = parse(arguments)
    folder = asked.folder or Path(tempfile.mkdtemp(prefix="suite-vs-scripts-"))
    folder.mkdir(parents=True, exist_ok=True)
    suite = read_suite()
    scripts = [as_script(row) for row in suite.rows][: asked.rows]
    seeds = list(range(asked.seeds))
    base = base_model(folder / "warm", suite)
    tasks = export(folder / "exported", suite, seeds, asked.prompts)
    runs = [(script, seed) for seed in seeds for script in scripts]
    measured = runs[: asked.sample or len(runs)]
    ours = one_command(folder, [script.label for script in scripts], seeds, asked)
    theirs = [one_script(folder, script, seed, base, tasks, asked) for script, seed in measured]
    found = compare(ours, theirs, len(runs))
    report.show(found, asked, tables(found, folder))
    if asked.folder is None:
        shutil.rmtree(folder)
    return 0 if found["ratio"] >= TARGET else 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What is asked."""
    parser = report.parser(__doc__)
    parser.add_argument("--rows", type=int, default=6, help="of the suite, the first so many (default: 6)")
    parser.add_argument("--seeds", type=int, default=3, help="how many (default: 3)")
    parser.add_argument(
        "--prompts", type=int, default=3072, help="preferences a row and seed trains on (default: 3,072)"
    )
    parser.add_argument("--sample", type=int, help="scripts to measure; the rest is taken to cost as much each")
    parser.add_argument("--workers", default="auto", help="of `harness run` (default: auto)")
    parser.add_argument("--folder", type=Path, help="where to keep the files of both sides; a temporary one by default")
    return parser.parse_args(arguments)


def read_suite() -> Any:
    """The suite as `harness run` reads it."""
    from harness import host
    from harness.suite import read_suite as read

    return read(str(SUITE), registry=host.load())


def as_script(row: Any) -> Script:
    """A row as TRL is told it.

    Raises:
        ValueError: TRL has no such method.
    """
    method, beta = row.method, {"beta": row.method.beta}
    told: dict[str, Any]
    match method.name:
        case "dpo" | "kto":
            told = beta
        case "rpo":
            told = {**beta, "loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, method.eta]}
        case "ipo":
            told = {**beta, "loss_type": ["ipo"]}
        case "robust_dpo":
            told = {**beta, "loss_type": ["robust"], "label_smoothing": method.flip_rate}
        case _:
            raise ValueError(f"{row.label}: TRL has no method {method.name}")
    return Script(row.label, "kto" if method.name == "kto" else "dpo", told, row.training.learning_rate)


def base_model(folder: Path, suite: Any) -> Path:
    """The checkpoint that both sides start from, made by the harness in a results folder that holds no more."""
    if not folder.exists():
        options = {name: getattr(suite.source, name) for name in ("structure", "noise", "raters", "sources")}
        asked = {
            "data": {"source": suite.source.name, **options},
            "methods": [{"policy": "base"}],
            "evaluators": ["preference"],
        }
        with tempfile.TemporaryDirectory() as place:
            file = Path(place) / "base.yaml"
            file.write_text(json.dumps(asked))
            run_harness([str(file), "--results", str(folder), "--limit", "4"], Path(place))
    (checkpoint,) = (r.parent / "policy" for r in _records(folder) if json.loads(r.read_text())["kind"] == "model")
    return checkpoint


def _records(results: Path) -> list[Path]:
    return sorted(results.glob("steps/*/record.json"))


def export(folder: Path, suite: Any, seeds: Sequence[int], prompts: int) -> Path:
    """What the scripts read: `train-SEED.json`, `test.json`, and a folder of lm-eval tasks, which is returned."""
    tasks = folder / "tasks"
    tasks.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (folder / f"train-{seed}.json").write_text(json.dumps(_rows(suite.source.examples("train", seed, prompts))))
    (folder / "test.json").write_text(json.dumps(_rows(suite.source.examples("test", 0))))
    suite.source.tasks(tasks)
    for file in TASK_FILES.iterdir():
        shutil.copy(file, tasks)
    return tasks


def _rows(examples: Any) -> list[tuple[str, tuple[str, str]]]:
    """Prompt, chosen, rejected; a prompt with several pairs stands once for each."""
    return [
        (e.prompt[0].content, (e.responses[pair.chosen].text, e.responses[pair.rejected].text))
        for e in examples
        for pair in e.pairs
    ]


def run_harness(arguments: Sequence[str], folder: Path) -> float:
    """Seconds of `harness run`."""
    return _command(["-m", "harness", "run", *arguments], folder)


def _command(arguments: Sequence[str], folder: Path) -> float:
    """Seconds of this Python on some arguments."""
    started = time.perf_counter()
    surroundings = {**os.environ, **QUIET, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=surroundings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return time.perf_counter() - started


def one_command(folder: Path, labels: Sequence[str], seeds: Sequence[int], asked: argparse.Namespace) -> dict[str, Any]:
    """`harness run` on the suite, cold but for the base model; its seconds, and what its board says."""
    results = folder / "ours"
    shutil.rmtree(results, ignore_errors=True)
    shutil.copytree(folder / "warm", results)
    before = {record.parent.name for record in _records(results)}
    arguments = [str(SUITE), "--results", str(results.resolve()), "--workers", asked.workers]
    arguments += ["--seeds", ",".join(map(str, seeds)), "--set", f"budget.prompts={asked.prompts}"]
    for label in labels:
        arguments += ["--only", label]
    seconds = run_harness(arguments, folder)
    made = [json.loads(r.read_text())["kind"] for r in _records(results) if r.parent.name not in before]
    if "model" in made:
        raise SystemExit("the base model was trained again inside the clock: remove the folder and start anew")
    (board,) = results.glob("trl-rows*/leaderboard.json")
    rows = {row["label"]: row for row in json.loads(board.read_text())["rows"]}
    unfinished = [label for label in labels if rows[label]["status"] != "done"]
    if unfinished:
        raise SystemExit(f"rows that are not done: {', '.join(unfinished)}")
    means = {n: {m: v["mean"] for m, v in row["metrics"].items() if m in SHARED} for n, row in rows.items()}
    return {"seconds": seconds, "steps": {kind: made.count(kind) for kind in sorted(set(made))}, "figures": means}


SHARED: Mapping[str, str] = {
    "preference/accuracy": "eval_rewards/accuracies",
    "lm_eval/world_facts/acc": "world_facts",
    "facts of two/world_facts_of_two/acc": "world_facts_of_two",
}
"""Figures that both sides have: the board's name, and the scripts'."""


def one_script(
    folder: Path, script: Script, seed: int, base: Path, tasks: Path, asked: argparse.Namespace
) -> dict[str, Any]:
    """A process that trains and evaluates with TRL, and one of `lm_eval run`: seconds of each, and what they found."""
    name = re.sub(r"[^a-z0-9.]+", "-", script.label.lower())  # lm_eval splits its arguments at commas
    output = (folder / "scripts" / f"{name}-{seed}").resolve()
    shutil.rmtree(output, ignore_errors=True)
    exported = tasks.parent.resolve()
    given = {
        "trainer": script.trainer,
        "trl": script.trl,
        "train": str(exported / f"train-{seed}.json"),
        "test": str(exported / "test.json"),
        "base": str(base.resolve()),
        "output": str(output),
        "batch": 64,
        "learning_rate": script.learning_rate,
        "warmup": round(0.1 * -(-asked.prompts // 64)),
        "seed": seed,
    }
    started = time.perf_counter()
    answered = ask("script_side", given)
    trained = time.perf_counter() - started
    evaluated = _command(
        [
            *("-m", "lm_eval", "run", "--model", "hf", "--model_args", f"pretrained={output},dtype=float32"),
            *("--tasks", "world_facts,world_facts_of_two", "--include_path", str(tasks.resolve())),
            *("--batch_size", "32", "--output_path", str(output / "lm-eval")),
        ],
        tasks,
    )
    (written,) = (output / "lm-eval").rglob("results_*.json")
    figures = {task: found["acc,none"] for task, found in json.loads(written.read_text())["results"].items()}
    figures |= {k: v for k, v in answered["evaluation"].items() if k in SHARED.values()}
    return {
        "row": script.label,
        "seed": seed,
        "trl_seconds": trained,
        "lm_eval_seconds": evaluated,
        "steps": answered["steps"],
        "figures": figures,
    }


def compare(ours: Mapping[str, Any], theirs: Sequence[Mapping[str, Any]], runs: int) -> dict[str, Any]:
    """Seconds of both sides and their ratio; whether the scripts' are all measured; figures that both sides have."""
    trl, lm_eval = (sum(one[f"{name}_seconds"] for one in theirs) for name in ("trl", "lm_eval"))
    whole = (trl + lm_eval) * runs / len(theirs)
    figures: list[dict[str, Any]] = []
    for row in dict.fromkeys(one["row"] for one in theirs):
        mine = [one for one in theirs if one["row"] == row]
        for board, script in SHARED.items():
            values = [one["figures"][script] for one in mine if script in one["figures"]]
            if values and board in ours["figures"][row]:
                mean = sum(values) / len(values)
                figures.append({"row": row, "figure": board, "board": ours["figures"][row][board], "scripts": mean})
    return {
        "ratio": whole / ours["seconds"],
        "harness_seconds": ours["seconds"],
        "scripts_seconds": whole,
        "trl_seconds_each": trl / len(theirs),
        "lm_eval_seconds_each": lm_eval / len(theirs),
        "scripts": runs,
        "scripts_measured": len(theirs),
        "extrapolated": len(theirs) < runs,
        "steps": ours["steps"],
        "figures": figures,
        "runs": list(theirs),
    }


def tables(found: Mapping[str, Any], folder: Path) -> list[Any]:
    """What to print."""
    rows = [(one["row"], one["seed"], one["trl_seconds"], one["lm_eval_seconds"]) for one in found["runs"]]
    scripts = report.table("Scripts", ("row", "seed", "TRL seconds", "lm_eval seconds"), rows)
    both = report.table(
        "Figures of both sides (means over the seeds each has)",
        ("row", "figure", "board", "scripts"),
        [(one["row"], one["figure"], one["board"], one["scripts"]) for one in found["figures"]],
    )
    said = f"harness run {found['harness_seconds']:.1f} s; scripts {found['scripts_seconds']:.1f} s"
    if found["extrapolated"]:
        said += f", extrapolated from {found['scripts_measured']} of {found['scripts']} scripts"
    return [scripts, both, said, f"ratio {found['ratio']:.2f}, target {TARGET:g}; files in {folder}"]


if __name__ == "__main__":
    sys.exit(main())
