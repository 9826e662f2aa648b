"""Training with the engine against TRL's trainer: pairs a second and peak memory, the same work in fresh processes.

    python benchmarks/train_vs_trl.py --prompt 200 --response 150 --pairs 64 --json

Both sides train one random model on one list of preferences, in the same order, batch, precision and number of threads,
by AdamW at one constant learning rate; both pay for the reference log-probs. They alternate in the same minutes.
TRL runs twice: with torch's default matrix product, and with the one that the engine chose. Equal work is
checked: the same token ids, the same mean loss, and policies whose log-probs agree after training.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import report
from fresh_process import ask
from random_work import Pairs, add_shape, parameters, shape_of, write_work
from rich.table import Table

TINY = {"prompt": 13, "response": 12, "pairs": 1024, "batch": 64}
TINY_SHAPE = {"layers": 4, "hidden": 128, "heads": 4, "vocab": 150}
"""830 thousand parameters, 37 tokens a pair."""

SAME_LOSS = 1e-4
"""Nats: how far the mean losses may be apart for the work to count as equal, in float32."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether both sides did the same work."""
    asked = parse(arguments)
    shape = shape_of(asked, **(TINY_SHAPE if asked.tiny else {}))
    with tempfile.TemporaryDirectory(prefix="train-vs-trl-") as place:
        write_work(shape, Pairs(asked.pairs, asked.prompt, asked.response), Path(place), asked.seed)
        rounds = [one_round(asked, place) for _ in range(asked.rounds)]
    found: dict[str, Any] = {"shape": asdict(shape), "parameters": parameters(shape), **compare(rounds, asked.pairs)}
    lines = [f"{name.replace('_', ' ')}: {value}" for name, value in found["checks"].items()]
    report.show(found, asked, [table(found), report.engine_line(found["engine"]), *lines])
    return 0 if found["checks"]["equal_work"] else 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What is asked, every default but the model's filled in."""
    parser = report.parser(__doc__)
    parser.add_argument("--prompt", type=int, help="mean tokens of a prompt")
    parser.add_argument("--response", type=int, help="mean tokens of a response")
    parser.add_argument("--pairs", type=int, help="how many pairs")
    parser.add_argument("--batch", type=int, help="pairs an optimiser step; with kto, responses (default: 8)")
    add_shape(parser)
    parser.add_argument("--tiny", action="store_true", help="a model of 830 k parameters, 37 tokens a pair, batch 64")
    parser.add_argument("--method", choices=("dpo", "kto"), default="dpo")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", choices=("fp32", "bf16"), default="fp32")
    parser.add_argument("--rounds", type=int, default=1, help="how often each side runs, in turns (default: 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trl-precompute", action="store_true", help="TRL's reference pass before training, not in it")
    parser.add_argument("--trl-checkpointing", action="store_true", help="TRL's default: recompute activations")
    parser.add_argument("--no-same-matmul", action="store_true", help="leave out TRL with the engine's matrix product")
    asked = parser.parse_args(arguments)
    for name, value in {"batch": 8, **(TINY if asked.tiny else {})}.items():
        if getattr(asked, name) is None:
            setattr(asked, name, value)
    if asked.method == "kto" and asked.batch % 2:
        parser.error("with --method kto, --batch is even: the two responses of a prompt go into one step")
    if None in (asked.prompt, asked.response, asked.pairs):
        parser.error("give --prompt, --response and --pairs, or --tiny")
    return asked


def one_round(asked: argparse.Namespace, folder: str) -> dict[str, dict[str, Any]]:
    """Every side once, one after the other."""
    given: dict[str, Any] = {
        "folder": folder,
        "method": asked.method,
        "options": {"beta": 0.1},
        "trl": {"beta": 0.1},
        "batch": asked.batch,
        "dtype": asked.dtype,
        "device": asked.device,
        "seed": asked.seed,
        "learning_rate": 1e-5,
        "longest": 2 * (asked.prompt + asked.response) + 8,
        "matmul": None,
        "precompute": asked.trl_precompute,
        "checkpointing": asked.trl_checkpointing,
    }
    cuda = asked.device == "cuda"
    ask("start_up", given, cuda=cuda)
    sides = {"ours": ask("engine_side", given, cuda=cuda), "trl": ask("trl_side", given, cuda=cuda)}
    chosen = sides["ours"]["engine"]["matmul"]
    if chosen != "highest" and not asked.no_same_matmul:
        sides["trl_same_matmul"] = ask("trl_side", {**given, "matmul": chosen}, cuda=cuda)
    return sides


def compare(rounds: Sequence[Mapping[str, Mapping[str, Any]]], pairs: int) -> dict[str, Any]:
    """Medians over the rounds of pairs a second and memory, their ratios, and whether the work was the same."""
    memory = "peak_cuda_gb" if "peak_cuda_gb" in rounds[0]["ours"] else "peak_rss_gb"
    sides: dict[str, dict[str, Any]] = {}
    for name in rounds[0]:
        runs = [one[name] for one in rounds]
        seconds = [run["seconds"] for run in runs]
        sides[name] = {
            "pairs_per_second": pairs / statistics.median(seconds),
            "pairs_per_second_least_most": [pairs / max(seconds), pairs / min(seconds)],
            "seconds": statistics.median(seconds),
            "cpu_seconds": statistics.median(run["cpu_seconds"] for run in runs),
            "reference_seconds": runs[-1]["reference_seconds"],
            "peak_memory_gb": statistics.median(run[memory] for run in runs),
            "loaded_gb": runs[-1]["loaded_gb"],
            "loss": runs[-1]["loss"],
            "steps": runs[-1]["steps"],
            "tokens": runs[-1]["tokens"],
        }
    ours, trl = sides["ours"], sides["trl"]
    same = sides.get("trl_same_matmul", trl)
    return {
        "ratio": ours["pairs_per_second"] / trl["pairs_per_second"],
        "ratio_same_matmul": ours["pairs_per_second"] / same["pairs_per_second"],
        "memory_ratio": ours["peak_memory_gb"] / trl["peak_memory_gb"],
        "cpu_ratio": trl["cpu_seconds"] / ours["cpu_seconds"],
        "cpu_ratio_same_matmul": same["cpu_seconds"] / ours["cpu_seconds"],
        "checks": checks(rounds[-1]),
        "sides": sides,
        "engine": rounds[-1]["ours"]["engine"],
        "rounds": [{n: {k: v for k, v in s.items() if "logps" not in k} for n, s in one.items()} for one in rounds],
    }


def checks(sides: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Whether both sides did the same work. Distances in nats a token, largest over the responses compared."""
    ours, trl = sides["ours"], sides["trl"]
    exact = ours["engine"]["dtype"] == "fp32"
    apart, moved = (farthest(ours["logps"], other) for other in (trl["logps"], ours["logps_before"]))
    made = {
        "same_token_ids": ours["tokens"] == trl["tokens"],
        "same_steps": ours["steps"] == trl["steps"],
        "loss_difference": abs(ours["loss"] - trl["loss"]),
        "policies_apart_nats": apart,
        "policies_moved_nats": moved,
    }
    near = made["loss_difference"] <= (SAME_LOSS if exact else 100 * SAME_LOSS) and apart <= moved / (
        20 if exact else 2
    )
    return {"equal_work": made["same_token_ids"] and made["same_steps"] and near, **made}


def farthest(one: Sequence[Sequence[float]], other: Sequence[Sequence[float]]) -> float:
    """Nats: the largest distance between the log-probs of two policies, of one response as a whole."""
    return max(abs(a - b) for row, against in zip(one, other, strict=True) for a, b in zip(row, against, strict=True))


def table(found: Mapping[str, Any]) -> Table:
    """A line per side."""
    title = (
        f"ratio {found['ratio']:.2f}, with the same matrix product {found['ratio_same_matmul']:.2f}, "
        f"memory {found['memory_ratio']:.2f}\n"
        f"by CPU seconds {found['cpu_ratio']:.2f} and {found['cpu_ratio_same_matmul']:.2f}"
    )
    rows = [
        (
            name,
            side["pairs_per_second"],
            "{:.4g} to {:.4g}".format(*side["pairs_per_second_least_most"]),
            side["seconds"],
            side["cpu_seconds"],
            side["peak_memory_gb"],
            side["loaded_gb"],
            f"{side['loss']:.6f}",
        )
        for name, side in found["sides"].items()
    ]
    columns = ("side", "pairs/s", "least to most", "seconds", "CPU seconds", "peak GB", "loaded GB", "mean loss")
    return report.table(title, columns, rows)


if __name__ == "__main__":
    sys.exit(main())
