"""Training on a GPU against TRL, bf16: tokens a second and model FLOP/s utilisation.

    python benchmarks/gpu_vs_trl.py --size 410m 1.4b --json

Random GPT-NeoX models of Pythia's sizes; otherwise as `train_vs_trl.py`: both sides in fresh processes, in turns.
Tokens are real ones, a prompt counted once; utilisation is useful operations (`flops.py`) over seconds and over the
rate of large bf16 products measured in the same run (`--peak-tflops` gives the maker's figure instead).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import flops
import report
from fresh_process import answer, ask
from random_work import Pairs, Shape, draw_pairs, parameters, write_work
from train_vs_trl import compare, one_round

SIZES = {
    "410m": Shape("gpt-neox", layers=24, hidden=1024, mlp=4096, heads=16, vocab=50304),
    "1.4b": Shape("gpt-neox", layers=24, hidden=2048, mlp=8192, heads=16, vocab=50304),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; without a GPU, say so and stop."""
    asked = parse(arguments)
    if not cuda_there():
        sys.stderr.write("gpu_vs_trl needs a CUDA device, and torch sees none; nothing was measured\n")
        return 2
    peak = asked.peak_tflops or ask("gpu_vs_trl", {}, cuda=True)["tflops"]
    found: dict[str, Any] = {"peak_tflops": peak}
    found["sizes"] = {size: one_size(SIZES[size], asked, peak) for size in asked.size}
    rows = [
        (size, side, f["tokens_per_second"], f["utilisation"], f["peak_memory_gb"])
        for size, one in found["sizes"].items()
        for side, f in one["sides"].items()
    ]
    columns = ("size", "side", "tokens/s", "utilisation", "peak GB")
    said = [
        f"{s}: ratio {one['ratio']:.2f}, memory {one['memory_ratio']:.2f}, equal work: {one['checks']['equal_work']}"
        for s, one in found["sizes"].items()
    ]
    report.show(found, asked, [report.table(f"bf16, {peak:.0f} TFLOP/s at best", columns, rows), *said])
    return 0 if all(one["checks"]["equal_work"] for one in found["sizes"].values()) else 1


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What is asked, with what `train_vs_trl` wants to know."""
    parser = report.parser(__doc__)
    parser.add_argument("--size", nargs="+", choices=sorted(SIZES), default=["410m", "1.4b"])
    parser.add_argument("--prompt", type=int, default=512, help="mean tokens of a prompt (default: 512)")
    parser.add_argument("--response", type=int, default=256, help="mean tokens of a response (default: 256)")
    parser.add_argument("--pairs", type=int, default=128, help="how many pairs (default: 128)")
    parser.add_argument("--batch", type=int, default=8, help="pairs an optimiser step (default: 8)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each side runs, in turns (default: 1)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trl-precompute", action="store_true", help="TRL's reference pass before training, not in it")
    parser.add_argument("--trl-checkpointing", action="store_true", help="TRL's default: recompute activations")
    parser.add_argument("--peak-tflops", type=float, help="of the GPU in bf16, instead of measuring it")
    asked = parser.parse_args(arguments)
    asked.method, asked.device, asked.dtype, asked.no_same_matmul = "dpo", "cuda", "bf16", True
    return asked


def cuda_there() -> bool:
    """Whether torch sees a CUDA device."""
    import torch

    return torch.cuda.is_available()


def one_size(shape: Shape, asked: argparse.Namespace, peak: float) -> dict[str, Any]:
    """Both sides on one model."""
    pairs = Pairs(asked.pairs, asked.prompt, asked.response)
    with tempfile.TemporaryDirectory(prefix="gpu-vs-trl-") as place:
        write_work(shape, pairs, Path(place), asked.seed)
        rounds = [one_round(asked, place) for _ in range(asked.rounds)]
    found = compare(rounds, asked.pairs)
    sides = with_rates(found["sides"], shape, lengths(pairs, shape, asked.seed), peak)
    return {"shape": asdict(shape), "parameters": parameters(shape), **found, "sides": sides}


def lengths(pairs: Pairs, shape: Shape, seed: int) -> list[flops.Lengths]:
    """Tokens of each prompt and of its responses, the end-of-sequence token included."""
    drawn = draw_pairs(pairs, shape, seed)
    return [(len(prompt.split()), [len(r.split()) + 1 for r in responses]) for prompt, responses in drawn]


def with_rates(
    sides: Mapping[str, Mapping[str, Any]], shape: Shape, examples: Sequence[flops.Lengths], peak: float
) -> dict[str, dict[str, Any]]:
    """Per side, also real tokens a second, useful TFLOP/s, and their share of `peak`, in TFLOP/s."""
    tokens = sum(prompt + sum(responses) for prompt, responses in examples)
    useful = flops.training(shape, examples) / 1e12
    return {
        name: {
            **side,
            "tokens_per_second": tokens / side["seconds"],
            "useful_tflops": useful / side["seconds"],
            "utilisation": useful / side["seconds"] / peak,
        }
        for name, side in sides.items()
    }


def best_rate(given: Mapping[str, Any]) -> dict[str, float]:
    """TFLOP/s of the fastest large bf16 product on the first GPU."""
    import torch

    del given
    best = 0.0
    for size in (4096, 8192):
        a, b = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
        for _ in range(20):
            start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            start.record()
            torch.mm(a, b)
            end.record()
            torch.cuda.synchronize()
            best = max(best, 2 * size**3 / (start.elapsed_time(end) / 1e3) / 1e12)
    return {"tflops": best}


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1].endswith("asked.json"):
        answer(best_rate)
    else:
        sys.exit(main())
