"""What is fastest on this machine at float32 accuracy, measured once and kept: matrix products and attention.

The measurement takes some seconds and lies in the user's cache folder afterwards, by processor, threads and versions.
Choices change the speed and the last digits, never what is computed; records of steps hold them.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict

from harness.engine.machine_cache import kept, processor
from harness.engine.native.library import library
from harness.engine.precision import ACCURATE, error_of, precision

VERSION = 1
"""Raised where choices found before are no longer to be read."""
ROUNDS = 5
"""Every candidate is timed so often, in turn; the least time counts."""
WORTH = 0.95
"""A choice other than the plainest must take at most this share of its time."""


class Machine(BaseModel):
    """The choices for a device, and what they rest on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    matmul: str
    """For `torch.set_float32_matmul_precision`."""
    matmul_error: float
    """Of the setting chosen: the largest error of a product relative to its largest entry, against float64."""
    attention: str
    """One of `attention.WAYS`."""
    milliseconds: dict[str, float]
    """Per candidate, `matmul/...` or `attention/...`, the least time of the same work."""
    refused: dict[str, str]
    """Per candidate that could not be used: why."""


@cache
def machine(device: str = "") -> Machine:
    """The choices for a device (the first GPU, else the CPU, by default); measured where they are not known yet."""
    kind = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return kept(f"machine-{machine_key(kind)}.json", lambda: _measured(kind), Machine)


def machine_key(kind: str) -> str:
    """Names a device of this machine, its threads, and the versions that choices for it depend on."""
    about = [VERSION, kind, processor(), torch.__version__, torch.get_num_threads(), library().name, library().refusal]
    about += [torch.cuda.get_device_name()] if kind == "cuda" else []
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:20]


def _measured(kind: str) -> Machine:
    milliseconds: dict[str, float] = {}
    refused: dict[str, str] = {}
    setting, error = _matmul(kind, milliseconds, refused)
    with precision(setting), torch.enable_grad():
        way = _attention(kind, milliseconds, refused)
    return Machine(matmul=setting, matmul_error=error, attention=way, milliseconds=milliseconds, refused=refused)


def _matmul(kind: str, milliseconds: dict[str, float], refused: dict[str, str]) -> tuple[str, float]:
    """The fastest setting that is accurate; "highest" where nothing is clearly faster."""
    errors = {setting: error_of(setting, kind) for setting in ("highest", "high", "medium")}
    for setting, error in errors.items():
        if error > ACCURATE and setting != "highest":
            refused[f"matmul/{setting}"] = f"errs by {error:.1g} of the largest entry"
    a, b = (torch.randn(1024, 512, device=kind), torch.randn(1024, 512, device=kind))

    def product(setting: str) -> Callable[[], None]:
        def work() -> None:
            with precision(setting):
                torch.nn.functional.linear(a, b)

        return work

    candidates = {s: product(s) for s in errors if f"matmul/{s}" not in refused}
    times = _timed(candidates, kind)
    milliseconds.update({f"matmul/{name}": taken for name, taken in times.items()})
    best = _best(times, "highest")
    return best, errors[best]


def _attention(kind: str, milliseconds: dict[str, float], refused: dict[str, str]) -> str:
    """The fastest way of packed attention, forward and backward, that agrees with the plainest."""
    from harness.engine.attention_trial import Trial

    trial = Trial(kind)
    plain = trial.run("blocked")
    candidates: dict[str, Callable[[], Any]] = {"blocked": lambda: trial.run("blocked")}
    if kind == "cpu" and library().refusal:
        refused["attention/compiled"] = library().refusal
    ways = ("compiled", "sdpa") if kind == "cpu" else ("flex", "sdpa")
    for way in ways:
        if f"attention/{way}" in refused:
            continue
        try:
            found = trial.run(way)
        except Exception as error:  # whatever a kernel's own compiler or library raises
            refused[f"attention/{way}"] = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        if reason := trial.refusal(way, found, plain):
            refused[f"attention/{way}"] = reason
        else:
            candidates[way] = lambda way=way: trial.run(way)
    times = _timed(candidates, kind)
    milliseconds.update({f"attention/{name}": taken for name, taken in times.items()})
    return _best(times, "blocked")


def _timed(candidates: dict[str, Callable[[], Any]], kind: str) -> dict[str, float]:
    """Per candidate the least of some times, in milliseconds, taken in turn after one run that does not count."""
    times = dict.fromkeys(candidates, float("inf"))
    for number in range(ROUNDS + 1):
        for name, work in candidates.items():
            _finish(kind)
            start = time.perf_counter()
            work()
            _finish(kind)
            if number:
                times[name] = min(times[name], 1e3 * (time.perf_counter() - start))
    return times


def _finish(kind: str) -> None:
    if kind == "cuda":
        torch.cuda.synchronize()


def _best(times: dict[str, float], plainest: str) -> str:
    fastest = min(times, key=lambda name: times[name])
    return fastest if times[fastest] <= WORTH * times[plainest] else plainest
