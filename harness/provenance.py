"""Where a step ran, with what, and what it took there. Kept in records, never part of an identity."""

from __future__ import annotations

import os
import platform
import re
import sys
import time
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import TracebackType
from typing import Any, TypedDict

PACKAGES = (
    "alignment-harness",
    "accelerate",
    "alpaca-eval",
    "datasets",
    "deepspeed",
    "lm-eval",
    "numpy",
    "pandas",
    "peft",
    "pyarrow",
    "safetensors",
    "scikit-learn",
    "scipy",
    "tokenizers",
    "torch",
    "transformers",
)
"""Distributions whose version may change a number."""


def versions() -> dict[str, str]:
    """Version of Python and of each of `PACKAGES` that is installed. Imports none of them."""
    return dict(_versions())


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    """Looked up once: what is installed later is not what this process has imported."""
    return (("python", platform.python_version()), *installed(PACKAGES).items())


def installed(packages: Iterable[str]) -> dict[str, str]:
    """Distribution -> its version, of those that are installed."""
    found: dict[str, str] = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def host_facts() -> dict[str, Any]:
    """The machine as plain data: processor, cores (those this process may use), memory_bytes, system, and gpus.

    GPUs are named only where torch is loaded already; None says that it was not asked.
    """
    return {
        "processor": _processor(),
        "cores": usable_cores(),
        "memory_bytes": memory_bytes(),
        "system": platform.platform(),
        "gpus": _gpus(),
    }


def usable_cores() -> int:
    """Logical cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory_bytes() -> int:
    """Memory that this process may use: the machine's, or its control group's limit where that is smaller."""
    import psutil

    total = int(psutil.virtual_memory().total)
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def _gpus() -> list[str] | None:
    torch = sys.modules.get("torch")
    if torch is None:
        return None
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


_CLEAR = Path("/proc/self/clear_refs")
_STATUS = Path("/proc/self/status")


class CostParts(TypedDict):
    """The part of a `harness.records.Cost` that a `Meter` measures."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class Meter:
    """Measures what the code in its `with` block takes: wall and processor seconds, and peak memory.

    `peak_bytes` is the peak allocation on the current GPU where the block used one; else the largest resident memory of
    the whole process while the block ran. Linux can forget an earlier peak; elsewhere it is the peak since the process
    began. One meter at a time: a meter inside another makes the outer one forget its peak.
    """

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0

    def __enter__(self) -> Meter:
        _forget_peak()
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._wall
        self.cpu_seconds = time.process_time() - self._cpu
        self.peak_bytes = _gpu_peak() or _resident_peak()

    def cost_parts(self) -> CostParts:
        """Keyword arguments for `harness.records.Cost`."""
        return CostParts(seconds=self.seconds, cpu_seconds=self.cpu_seconds, peak_bytes=self.peak_bytes)


def _cuda() -> Any | None:
    """`torch.cuda` where this process has used it."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None


def _forget_peak() -> None:
    cuda = _cuda()
    if cuda is not None:
        cuda.reset_peak_memory_stats()
    try:
        _CLEAR.write_text("5")
    except OSError:
        return  # Not Linux, or not allowed: the peak since the process began it is.


def _gpu_peak() -> int:
    cuda = _cuda()
    return int(cuda.max_memory_allocated()) if cuda is not None else 0


def _resident_peak() -> int:
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        found = None
    if found:
        return int(found[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
