"""The engine's side of a comparison, in a fresh process: the reference column, then training."""

from __future__ import annotations

import importlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fresh_process import Clock, answer, peak_memory
from random_work import Row, plain_logps, read_rows, token_counts

CHECKED = 8
"""Preferences whose log-probs are compared after training."""


@dataclass(frozen=True)
class Work:
    """A loaded policy and what to train it on."""

    policy: Any
    method: Any
    examples: Any
    training: Any
    budget: Any
    seed: int


def set_up(given: Mapping[str, Any]) -> Work:
    """Everything that comes before the clock: imports, the model, and the start-up probe, which is kept per machine."""
    from harness import host
    from harness.engine.loading import load
    from harness.engine.machine import machine
    from harness.training import Budget, Tokens, Training

    importlib.import_module("harness.engine.trainer")
    folder, kto = Path(given["folder"]), given["method"] == "kto"
    machine()
    return Work(
        load(folder / "model", Tokens(template="plain", max=given["longest"]), dtype=given["dtype"]),
        host.load().methods.get(given["method"])(**given["options"]),
        example_set(read_rows(folder), labels=kto),
        Training(
            learning_rate=given["learning_rate"], schedule="constant", warmup=0, weight_decay=0, dtype=given["dtype"]
        ),
        Budget(batch=given["batch"] // (2 if kto else 1)),
        given["seed"],
    )


def learn(work: Work, column: Clock | None = None) -> tuple[Any, list[float]]:
    """From text to trained weights: the reference column, then training; its report, and the loss of every step."""
    from harness.engine.trainer import TrainJob
    from harness.engine.trainer import train as run

    with tempfile.TemporaryDirectory() as place:
        metrics = Path(place) / "metrics.jsonl"
        with column or Clock():
            prepared = work.method.prepare(work.examples, work.seed)
            reference = [total for total, _ in work.policy.logps(prepared.examples)]
        job = TrainJob(work.method, prepared, {"reference": reference}, work.training, work.budget, work.seed)
        report = run(work.policy, job, metrics)
        return report, [json.loads(line)["loss"] for line in metrics.read_text().splitlines()]


def train(given: Mapping[str, Any]) -> dict[str, Any]:
    """Train `given["method"]` on the work of `given["folder"]`; the clock runs from text to trained weights."""
    from harness.engine.language_model import engine_facts
    from harness.engine.loading import load

    work = set_up(given)
    loaded = peak_memory()
    column = Clock()
    with Clock() as whole:
        report, losses = learn(work, column)
    peak = peak_memory()
    policy = work.policy
    seen = [[e.prompts[0], *e.responses] for e in policy.encoder.examples(work.examples.examples)]
    start = load(Path(given["folder"]) / "model", policy.encoder.tokens)
    return {
        "seconds": whole.seconds,
        "cpu_seconds": whole.cpu_seconds,
        "reference_seconds": column.seconds,
        **peak,
        "loaded_gb": loaded["peak_rss_gb"],
        "loss": sum(losses) / len(losses),
        "steps": report.steps,
        "tokens": token_counts(seen),
        "logps": plain_logps(policy.model, seen[:CHECKED]),
        "logps_before": plain_logps(start.model, seen[:CHECKED]),
        "engine": engine_facts(policy),
    }


def example_set(rows: Sequence[Row], *, labels: bool) -> Any:
    """The preferences as the harness has them; as labels, chosen desirable and rejected not, where asked."""
    from harness.examples import Example, ExampleSet, Label, Pair, Response, user_prompt

    judged = {"labels": (Label(0, True), Label(1, False))} if labels else {"pairs": (Pair(0, 1),)}
    return ExampleSet(
        tuple(
            Example(str(i), user_prompt(prompt), tuple(map(Response, responses)), **judged)  # pyright: ignore[reportArgumentType]
            for i, (prompt, responses) in enumerate(rows)
        )
    )


if __name__ == "__main__":
    answer(train)
