"""Whether the figures of the `lm_eval` evaluator are those of lm-eval's own command, to the last digit.

    python benchmarks/lm_eval_equality.py --model path/to/model --tasks path/to/data --json equality.json

Each task of docs/evaluators.md is run by `lm_eval run` and by `harness run`, one process each. Every metric, every
standard error, and version, hash, shots and documents of the task are compared as they stand in the two files. A task
that stops lm-eval's command must be a skipped cell here. Exit code 1 on any difference.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "evaluators.md"
TASKS = ("arc_easy", "piqa", "hellaswag", "lambada", "truthfulqa_mc1", "truthfulqa_mc2", "gsm8k")


@dataclass(frozen=True)
class Side:
    """What one side says of a task."""

    found: Mapping[str, Any]
    """`acc,none`, `acc_stderr,none`, `version`, `hash`, ... -> value; empty where it failed."""
    failure: str
    seconds: float


def main() -> int:
    """Compare, print a table, and say by the exit code whether all is equal."""
    asked = _arguments()
    folder = (asked.folder or Path(tempfile.mkdtemp(prefix="lm-eval-equality-"))).resolve()
    tasks, model = write_tasks(folder / "tasks"), asked.model.resolve()
    if asked.chat_template:
        model = with_template(model, asked.chat_template, folder / "model")
    rows: list[dict[str, Any]] = []
    for name in asked.task:
        place = folder / "runs" / name
        place.mkdir(parents=True)
        theirs = command(asked, model, f"{name}_local", tasks, place)
        ours = harness(asked, model, f"{name}_local", tasks, place)
        rows += compare(name, ours, theirs)
        _table([row for row in rows if row["task"] == name])
        print(f"  {name}: lm_eval {theirs.seconds:.0f} s, harness {ours.seconds:.0f} s", flush=True)
    equal = all(row["equal"] for row in rows)
    print(f"{sum(row['equal'] for row in rows)} of {len(rows)} equal; files in {folder}")
    if asked.json:
        settings = {name: str(value) if isinstance(value, Path) else value for name, value in vars(asked).items()}
        asked.json.write_text(json.dumps({"equal": equal, "settings": settings, "rows": rows}, indent=1) + "\n")
    return 0 if equal else 1


def write_tasks(folder: Path) -> Path:
    """The task files of docs/evaluators.md."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in re.findall(
        r"^```(?:yaml|python)\n# (\w+\.(?:yaml|py))\n(.*?)^```$", PAGE.read_text(), re.M | re.S
    ):
        (folder / name).write_text(text)
    return folder


def with_template(model: Path, template: str, copy: Path) -> Path:
    """A copy of a model whose tokenizer has a chat template."""
    shutil.copytree(model, copy)
    (copy / "chat_template.jinja").write_text(template)
    return copy


def command(asked: argparse.Namespace, model: Path, task: str, tasks: Path, place: Path) -> Side:
    """lm-eval's own command, called where the data lie."""
    arguments = ["run", "--model", "hf", "--tasks", task, "--include_path", str(tasks)]
    arguments += ["--model_args", f"pretrained={model},dtype=float32"]
    if asked.max_length:
        arguments[-1] += f",max_length={asked.max_length}"
    arguments += ["--batch_size", str(asked.batch_size), "--output_path", str(place / "theirs"), "--log_samples"]
    arguments += ["--limit", str(asked.limit)] if asked.limit else []
    arguments += ["--num_fewshot", str(asked.num_fewshot)] if asked.num_fewshot is not None else []
    arguments += ["--apply_chat_template"] if asked.chat_template else []
    arguments += ["--system_instruction", asked.system_instruction] if asked.system_instruction else []
    arguments += ["--gen_kwargs", json.dumps(asked.gen_kwargs)] if asked.gen_kwargs else []
    seconds, code = _run(["-m", "lm_eval", *arguments], asked.tasks, place / "theirs.log", place)
    if code:
        lines = (place / "theirs.log").read_text().splitlines()
        stated = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
        return Side({}, stated[-1] if stated else f"exit code {code}", seconds)
    (written,) = (place / "theirs").rglob("results_*.json")
    results = json.loads(written.read_text())
    metrics = {key: value for key, value in results["results"][task].items() if "," in key}
    facts = {
        "version": results["versions"][task],
        "hash": results["task_hashes"][task],
        "num_fewshot": results["n-shot"][task],
        "documents": results["n-samples"][task],
        "lm_eval": results["lm_eval_version"],
    }
    settings = {name: results["config"][name] for name in ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed")}
    settings |= {name: results[name] for name in ("max_length", "chat_template_sha", "system_instruction")}
    (lines,) = (place / "theirs").rglob("samples_*.jsonl")
    samples = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    return Side({**metrics, **facts, **settings, **_by_document(samples)}, "", seconds)


def _by_document(samples: list[dict[str, Any]]) -> dict[str, str]:
    """Digests of the values of every metric, where they are numbers, and of all responses that were generated."""
    found: dict[str, list[Any]] = {}
    for sample in sorted(samples, key=lambda sample: sample["doc_id"]):
        for metric in sample["metrics"]:
            found.setdefault(f"{metric},{sample['filter']}", []).append(sample[metric])
    digests = {
        f"{name} by document": _digest([float(v) for v in values])
        for name, values in found.items()
        if isinstance(values[0], int | float)
    }
    spoken = [s["resps"] for s in samples if s["filter"] == samples[0]["filter"] and isinstance(s["resps"][0][0], str)]
    return digests | ({"responses": _digest([text for (texts,) in spoken for text in texts])} if spoken else {})


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:16]


def harness(asked: argparse.Namespace, model: Path, task: str, tasks: Path, place: Path) -> Side:
    """The same as a suite of one cell, read from its record."""
    options: dict[str, Any] = {"tasks": [task], "include": [str(tasks)], "data": str(asked.tasks.resolve())}
    options |= {name: value for name in ("limit", "num_fewshot") if (value := getattr(asked, name)) is not None}
    options |= {"batch_size": asked.batch_size, "apply_chat_template": bool(asked.chat_template)}
    options |= {"system_instruction": asked.system_instruction} if asked.system_instruction else {}
    options |= {"model_args": {"max_length": asked.max_length}} if asked.max_length else {}
    options |= {"gen_kwargs": asked.gen_kwargs} if asked.gen_kwargs else {}
    evaluator = {"evaluator": "lm_eval", "options": options}
    suite = {
        "model": str(model),
        "data": {"source": "world"},
        "methods": [{"policy": "base"}],
        "evaluators": [evaluator],
    }
    (place / "suite.yaml").write_text(json.dumps(suite))
    run = ["-m", "harness", "run", str(place / "suite.yaml"), "--results", str(place / "ours"), "--json"]
    seconds, code = _run(run, place, place / "ours.log", place)
    records = [json.loads(path.read_text()) for path in (place / "ours" / "steps").glob("*/record.json")]
    record = next((record for record in records if record["kind"] == "evaluate"), None)
    generated = [
        json.loads(line) for f in place.glob("ours/steps/*/generations.jsonl") for line in f.open(encoding="utf-8")
    ]
    if record is None:
        reason = re.search(r"(skipped|failed) .*", (place / "ours.log").read_text())
        return Side({}, reason[0] if reason else f"exit code {code}", seconds)
    metrics: dict[str, Any] = {"responses": _digest([g["response"] for g in generated])} if generated else {}
    for figure in record["results"]["figures"]:
        metric, _, filtered = figure["metric"].split("/")[2].partition(".")
        metrics[f"{metric},{filtered or 'none'}"] = figure["value"]
        metrics[f"{metric}_stderr,{filtered or 'none'}"] = figure["standard_error"]
        if not figure["pseudo"]:
            metrics[f"{metric},{filtered or 'none'} by document"] = _digest(figure["values"])
    notes = record["notes"]["evaluation"]
    facts = {name: notes["tasks"][task][name] for name in ("version", "hash", "num_fewshot", "documents")}
    facts["lm_eval"] = notes["lm_eval"]
    names = ("random_seed", "numpy_seed", "torch_seed", "fewshot_seed", "max_length", "chat_template_sha")
    settings = {name: notes["settings"][name] for name in (*names, "system_instruction")}
    return Side({**metrics, **facts, **settings}, "", seconds)


def compare(task: str, ours: Side, theirs: Side) -> list[dict[str, Any]]:
    """One row for each number or fact that either side has; one for the task where a side failed.

    Where lm-eval's command stops at an assertion, a skipped cell is right.
    """
    if ours.failure or theirs.failure:
        both = ours.failure.startswith("skipped") and theirs.failure.startswith("AssertionError")
        return [{"task": task, "what": "refused", "ours": ours.failure, "theirs": theirs.failure, "equal": both}]
    rows: list[dict[str, Any]] = []
    for what in {**theirs.found, **ours.found}:
        if what.endswith("by document") and what not in ours.found:
            continue  # a metric that is no mean: its record holds pseudo-values
        mine, other = (None if side.found.get(what) == "N/A" else side.found.get(what) for side in (ours, theirs))
        rows.append({"task": task, "what": what, "ours": mine, "theirs": other, "equal": mine == other})
    return rows


def _run(arguments: list[str], folder: Path, log: Path, cache: Path) -> tuple[float, int]:
    """(seconds, exit code) of this Python."""
    started = time.monotonic()
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(cache / "cache")}
    with log.open("w") as out:
        code = subprocess.run(
            [sys.executable, *arguments], cwd=folder, env=environment, stdout=out, stderr=out
        ).returncode
    return time.monotonic() - started, code


def _table(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        mine, other = (str(row[side])[:64] for side in ("ours", "theirs"))
        print(
            f"{'equal' if row['equal'] else 'DIFFERENT':9} {row['task']:15} {row['what']:36} {mine:24} {other}",
            flush=True,
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="folder of a causal language model")
    parser.add_argument("--tasks", type=Path, required=True, help="folder with arc-easy.jsonl.gz, piqa.jsonl.gz, ...")
    parser.add_argument("--task", nargs="+", choices=TASKS, default=TASKS, help="which; all by default")
    parser.add_argument("--limit", type=int, help="of each task only the first so many documents, on both sides")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--num-fewshot", type=int)
    parser.add_argument("--max-length", type=int, help="tokens; by default the model's context")
    parser.add_argument("--chat-template", help="Jinja text: asks a copy of the model that has this template")
    parser.add_argument("--system-instruction", help="text before every prompt")
    parser.add_argument("--gen-kwargs", type=json.loads, help="JSON: changes how tasks generate")
    parser.add_argument("--folder", type=Path, help="where to keep the files of both sides; a temporary one by default")
    parser.add_argument("--json", type=Path, help="file for the comparison")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
