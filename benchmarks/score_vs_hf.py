"""Held-out scoring: the engine against a padded transformers forward pass, and against transformers' prompt cache.

    python benchmarks/score_vs_hf.py --json

Summed log-probs of K responses to each prompt, from text to numbers, each way in a fresh process, in turns. The padded
pass runs at several batch sizes, of which the fastest counts; the cache computes a prompt once and repeats its keys and
values for its responses. Each rival runs with torch's default matrix product and with the one the engine chose.
"""

from __future__ import annotations

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

AGREE = 1e-4
"""Nats a response token: how far two ways may be apart."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say by the exit code whether all ways agree."""
    parser = report.parser(__doc__)
    parser.add_argument("--prompts", type=int, default=16, help="how many (default: 16)")
    parser.add_argument("--responses", type=int, default=4, help="per prompt, K (default: 4)")
    parser.add_argument("--prompt", type=int, default=400, help="mean tokens of a prompt (default: 400)")
    parser.add_argument("--response", type=int, default=50, help="mean tokens of a response (default: 50)")
    parser.add_argument("--batches", type=int, nargs="+", default=[4, 8, 16], help="sizes of padded batches, in rows")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--rounds", type=int, default=1, help="how often each way runs, in turns (default: 1)")
    parser.add_argument("--seed", type=int, default=0)
    add_shape(parser)
    asked = parser.parse_args(arguments)
    shape = shape_of(asked)
    with tempfile.TemporaryDirectory(prefix="score-vs-hf-") as place:
        pairs = Pairs(asked.prompts, asked.prompt, asked.response, asked.responses)
        write_work(shape, pairs, Path(place), asked.seed)
        given: dict[str, Any] = {
            "folder": place,
            "longest": 2 * (asked.prompt + asked.response) + 8,
            "batches": asked.batches,
            "matmul": None,
        }
        rounds = [one_round(given, cuda=asked.device == "cuda") for _ in range(asked.rounds)]
    found = compare(rounds, asked.prompts * asked.responses, asked.response)
    found |= {"shape": asdict(shape), "parameters": parameters(shape)}
    columns = ("way", "candidates/s", "seconds", "CPU seconds", "peak GB", "ratio", "by CPU seconds", "nats apart")
    shown = ("candidates_per_second", "seconds", "cpu_seconds", "peak_rss_gb", "ratio", "cpu_ratio", "nats_apart")
    rows = [(name, *(way[key] for key in shown)) for name, way in found["ways"].items()]
    title = f"K = {asked.responses}, prompt {asked.prompt}, response {asked.response}"
    best = f"fastest padded: {found['ways']['padded']['best']}"
    said = [best, report.engine_line(found["engine"]), f"all ways agree: {found['agree']}"]
    report.show(found, asked, [report.table(title, columns, rows), *said])
    return 0 if found["agree"] else 1


def one_round(given: Mapping[str, Any], *, cuda: bool) -> dict[str, dict[str, Any]]:
    """Every way once, one after the other."""
    ways = {"engine": ask("score_side", {**given, "way": "engine"}, cuda=cuda)}
    chosen = ways["engine"]["engine"]["matmul"]
    for way in ("padded", "cache"):
        ways[way] = ask("score_side", {**given, "way": way}, cuda=cuda)
        if chosen != "highest":
            ways[f"{way}, same matmul"] = ask("score_side", {**given, "way": way, "matmul": chosen}, cuda=cuda)
    return ways


def compare(rounds: Sequence[Mapping[str, Mapping[str, Any]]], candidates: int, tokens: int) -> dict[str, Any]:
    """Medians over the rounds; ratios of the engine to each way; the farthest two log-probs of one response."""
    ways: dict[str, dict[str, Any]] = {}
    for name in rounds[0]:
        runs = [one[name] for one in rounds]
        middle = {k: statistics.median(run[k] for run in runs) for k in ("seconds", "cpu_seconds", "peak_rss_gb")}
        ways[name] = {"best": runs[-1]["best"], "candidates_per_second": candidates / middle["seconds"], **middle}
        ways[name]["runs"] = [run["runs"] for run in runs]
    engine, own = ways["engine"], rounds[-1]["engine"]["logps"]
    for name, way in ways.items():
        pairs = zip(own, rounds[-1][name]["logps"], strict=True)
        way["nats_apart"] = max(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True))
        way["ratio"] = way["seconds"] / engine["seconds"]
        way["cpu_ratio"] = way["cpu_seconds"] / engine["cpu_seconds"]
    worst = max(way["nats_apart"] for way in ways.values())
    return {
        "ratio_padded": ways["padded"]["ratio"],
        "ratio_cache": ways["cache"]["ratio"],
        "ways": ways,
        "agree": worst <= AGREE * 1.5 * tokens,
        "engine": rounds[-1]["engine"]["engine"],
    }


if __name__ == "__main__":
    sys.exit(main())
