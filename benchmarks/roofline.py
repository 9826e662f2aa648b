"""How much of this machine's best float32 matrix product training reaches, and where the rest of the time goes.

    python benchmarks/roofline.py --json

First the rate of large matrix products by each library at hand (torch's default, torch with the other settings that are
float32-accurate here, numpy), then training by the engine, reference column included, from the first pass on; then the
products once more. Achieved is useful operations alone (`flops.py`) over seconds. A second training run, under
torch's profiler, says which operations take the time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import flops
import report
from engine_side import Work, learn, set_up
from fresh_process import Clock
from random_work import Pairs, Shape, add_shape, shape_of, write_work

SIZES = ((1024, 1024, 1024), (2048, 2048, 2048), (4096, 1024, 1024), (4096, 4096, 1024))
"""Rows, columns, and what is summed over."""
TARGET = 0.5
"""Share of the best rate that useful operations are to reach."""

GROUPS: Mapping[str, tuple[str, ...]] = {
    "head and log-softmax": ("targetlogps", "log_softmax", "logsumexp", "cross_entropy", "nll_loss"),
    "attention": ("attention", "softmax", "bmm", "flex"),
    "optimiser": ("adamw", "optimizer", "foreach", "vector_norm", "clip_grad"),
    "linear": ("mm", "linear", "matmul"),
    "norm": ("norm", "rsqrt"),
    "index and embedding": ("index", "gather", "scatter", "embedding", "masked", "where"),
    "copy and allocate": ("copy", "empty", "zero", "clone", "cat", "contiguous", "fill", "resize", "aten::to", "full"),
    "view": ("view", "transpose", "aten::t", "reshape", "expand", "slice", "select", "squeeze", "split", "stride"),
    "elementwise": ("mul", "add", "sub", "div", "silu", "gelu", "neg", "pow", "mean", "sum", "rotary", "cos", "sin"),
}
"""What an operation is for, by the first of these that its name holds."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether the target is met."""
    parser = report.parser(__doc__)
    parser.add_argument("--prompt", type=int, default=200, help="mean tokens of a prompt (default: 200)")
    parser.add_argument("--response", type=int, default=150, help="mean tokens of a response (default: 150)")
    parser.add_argument("--pairs", type=int, default=64, help="how many pairs (default: 64)")
    parser.add_argument("--batch", type=int, default=8, help="pairs an optimiser step (default: 8)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--seconds", type=float, default=0.5, help="for each library and size of product (default: 0.5)"
    )
    add_shape(parser)
    asked = parser.parse_args(arguments)
    shape = shape_of(asked)
    with tempfile.TemporaryDirectory(prefix="roofline-") as place:
        write_work(shape, Pairs(asked.pairs, asked.prompt, asked.response), Path(place), asked.seed)
        found = measure(shape, asked, place)
    report.show(found, asked, tables(found))
    return 0 if found["share"] >= TARGET else 1


def measure(shape: Shape, asked: argparse.Namespace, folder: str) -> dict[str, Any]:
    """The best rate before and after, training in between, and the profile of training again."""
    given = {
        "folder": folder,
        "method": "dpo",
        "options": {"beta": 0.1},
        "batch": asked.batch,
        "dtype": "fp32",
        "seed": asked.seed,
        "learning_rate": 1e-5,
        "longest": 2 * (asked.prompt + asked.response) + 8,
    }
    from harness.engine.language_model import engine_facts

    work = set_up(given)
    before = rates(asked.seconds)
    with Clock() as first:
        learn(work)
    with Clock() as again:
        learn(work)
    after = rates(asked.seconds)
    encoded = work.policy.encoder.examples(work.examples.examples)
    lengths = [(len(e.prompts[0]), [len(r) for r in e.responses]) for e in encoded]
    useful = flops.forward(shape, lengths)
    best = {name: max(before[name], after[name]) for name in before}
    library = max(best, key=lambda name: best[name])
    achieved = flops.PASSES * useful.total / again.seconds / 1e9
    spent = profile(work, shape.vocab)
    return {
        "shape": asdict(shape),
        "useful_gflop": {name: flops.PASSES * value / 1e9 for name, value in asdict(useful).items()},
        "seconds": again.seconds,
        "cpu_seconds": again.cpu_seconds,
        "first_seconds": first.seconds,
        "achieved_gflops": achieved,
        "products_gflops": best,
        "best_library": library,
        "best_gflops": best[library],
        "share": achieved / best[library],
        "first_share": achieved / best[library] * again.seconds / first.seconds,
        "spent": spent,
        "ideal_seconds": {n: flops.PASSES * v / 1e9 / best[library] for n, v in asdict(useful).items()},
        "engine": engine_facts(work.policy),
    }


def rates(seconds: float) -> dict[str, float]:
    """Per library, GFLOP/s of its fastest large product."""
    return {name: max(_rate(product(*size), size, seconds) for size in SIZES) for name, product in libraries().items()}


def libraries() -> dict[str, Callable[[int, int, int], Callable[[], Any]]]:
    """What makes the product of a size, by library; settings of torch that are not float32-accurate are left out."""
    import numpy as np
    import torch

    from harness.engine.precision import ACCURATE, error_of, precision

    def numpy(rows: int, columns: int, inner: int) -> Callable[[], Any]:
        a, b = (
            np.random.default_rng(0).standard_normal(s).astype(np.float32) for s in ((rows, inner), (inner, columns))
        )
        out = np.empty((rows, columns), np.float32)
        return lambda: np.matmul(a, b, out=out)

    def torch_with(setting: str) -> Callable[[int, int, int], Callable[[], Any]]:
        def product(rows: int, columns: int, inner: int) -> Callable[[], Any]:
            a, b = torch.randn(rows, inner), torch.randn(columns, inner)

            def work() -> Any:
                with precision(setting), torch.no_grad():
                    return torch.nn.functional.linear(a, b)

            return work

        return product

    accurate = [s for s in ("highest", "medium") if s == "highest" or error_of(s, "cpu") <= ACCURATE]
    return {f"torch {setting}": torch_with(setting) for setting in accurate} | {"numpy": numpy}


def _rate(work: Callable[[], Any], size: tuple[int, int, int], seconds: float) -> float:
    """GFLOP/s of the fastest of as many runs as fit, after one that does not count."""
    work()
    least, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or least == float("inf"):
        start = time.perf_counter()
        work()
        least = min(least, time.perf_counter() - start)
    return 2.0 * size[0] * size[1] * size[2] / least / 1e9


def profile(work: Work, vocabulary: int) -> dict[str, float]:
    """Seconds by group of operations, of training once more; what no operation accounts for is Python and waiting."""
    from torch.profiler import ProfilerActivity
    from torch.profiler import profile as recorder

    with Clock() as clock, recorder(activities=[ProfilerActivity.CPU], record_shapes=True) as made:
        learn(work)
    spent: defaultdict[str, float] = defaultdict(float)
    for event in made.key_averages(group_by_input_shape=True):
        spent[group(event.key, event.input_shapes, vocabulary)] += event.self_cpu_time_total / 1e6
    spent["Python and waiting"] = max(0.0, clock.seconds - sum(spent.values()))
    return dict(sorted(spent.items(), key=lambda item: -item[1]))


def group(name: str, shapes: Sequence[Any], vocabulary: int) -> str:
    """What an operation is for. A product with the vocabulary among its sizes is the head's."""
    plain = name.rpartition(": ")[2].lower()
    product = any(word in plain for word in GROUPS["linear"]) and "bmm" not in plain
    if product and any(vocabulary in shape for shape in shapes if isinstance(shape, (list, tuple))):
        return "head and log-softmax"
    return next((kind for kind, words in GROUPS.items() if any(word in plain for word in words)), "other operations")


def tables(found: Mapping[str, Any]) -> list[Any]:
    """What to print."""
    best = found["best_gflops"]
    products = report.table("Large products", ("library", "GFLOP/s"), list(found["products_gflops"].items()))
    whole = sum(found["spent"].values())
    kinds = {"linear": "linear", "attention": "attention", "head and log-softmax": "head"}
    rows: list[tuple[object, ...]] = []
    for kind, seconds in found["spent"].items():
        useful = found["useful_gflop"].get(kinds.get(kind, ""))
        rate = (useful / seconds, f"{useful / seconds / best:.0%}") if useful else ("", "")
        rows.append((kind, seconds, f"{seconds / whole:.1%}", *rate))
    spent = report.table(
        "Training again under the profiler", ("operations", "seconds", "share", "useful GFLOP/s", "of best"), rows
    )
    line = (
        f"{found['achieved_gflops']:.0f} useful GFLOP/s of {best:.0f} ({found['best_library']}): "
        f"{found['share']:.0%}, target {TARGET:.0%}; {found['seconds']:.2f} s "
        f"(the first time {found['first_share']:.0%}, {found['first_seconds']:.2f} s)"
    )
    return [products, spent, report.engine_line(found["engine"]), line]


if __name__ == "__main__":
    sys.exit(main())
