"""How many processes run a plan, and with how many threads each.

The same plan on the same machine always gets the same crew, whatever else happens there and whatever is done already:
the number of threads changes how sums are rounded. It is kept in every record, and is part of no identity.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import HarnessError
from harness.provenance import memory_bytes, usable_cores
from harness.run.plan import Plan

OVERHEAD = 2 << 30
"""Bytes that a process needs beside its models: libraries, data, and the activations of a step."""
COPIES = 8
"""Times the weights in float32 that a process may hold: a policy with gradients and two moments, and what is read
beside it.
"""
SHARE = 2
"""All processes together may plan on one part in so many of the machine's memory."""


@dataclass(frozen=True)
class Crew:
    """Who runs the steps of a plan."""

    workers: int = 1
    """Processes; 1: no other than this one."""
    threads: int = 0
    """Of each while it runs a step; 0: as torch finds it, in a crew of one."""
    whole: int = 0
    """Of the one that trains the base model, which everything waits for."""
    gpus: tuple[str, ...] = ()
    """As CUDA_VISIBLE_DEVICES names them, one for each worker in turn; none where models run on the CPU."""

    def threads_for(self, kind: str) -> int:
        """Of a step, by its kind alone."""
        return self.whole if kind == "model" else self.threads

    def facts(self) -> dict[str, Any]:
        """For records."""
        return {"workers": self.workers}


ALONE = Crew()


def crew_for(plan: Plan, wanted: int | None, width: int | None = None) -> Crew:
    """The crew for a plan. Loads torch where there is an NVIDIA driver.

    Args:
        plan: all of it counts, so that a run that goes on after an interruption has the same crew.
        wanted: processes; None to decide: one for each GPU; on the CPU one for each core, as far as there are rows that
            can be trained at once and half of the memory holds their models; one, with all cores, where it holds no
            two.
        width: how much can be done at once; by default, the steps of one kind in the plan.

    Raises:
        HarnessError: several are wanted where they cannot be had.
    """
    if wanted == 1:
        return ALONE
    hindrance = hindered()
    if hindrance:
        if wanted is None:
            return ALONE
        raise HarnessError(f"steps cannot run side by side: {hindrance}", fix="write --workers 1", where="--workers")
    cores, gpus = _cores(), visible_gpus()
    if wanted is None:
        most = len(gpus) if gpus else min(cores, memory_bytes() // SHARE // _need(plan))
        wanted = max(1, min(most, _width(plan) if width is None else width))
    if wanted == 1:
        return ALONE
    most_threads = _threads_allowed(cores)
    return Crew(wanted, max(1, min(cores // wanted, most_threads)), most_threads, gpus)


def hindered() -> str:
    """Why this process may not be forked; empty where it may."""
    if not sys.platform.startswith("linux"):
        return "it takes Linux"
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        return "this process has used the GPU already"
    engine = sys.modules.get("harness.engine.machine")
    if engine is not None and engine.machine.cache_info().currsize:
        return "this process has computed with torch already, whose threads do not outlive a fork"
    return ""


def visible_gpus() -> tuple[str, ...]:
    """The GPUs that torch would see, without waking any: a process that has woken one cannot be forked."""
    if not Path("/proc/driver/nvidia").exists():
        return ()
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    import torch

    count = torch.cuda.device_count()
    named = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return tuple((named or [str(i) for i in range(count)])[:count])


def _cores() -> int:
    """Cores that this process may use, its control group's quota included."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
    except (OSError, ValueError):
        return usable_cores()
    return max(1, min(usable_cores(), int(quota) // int(period))) if quota.isdigit() else usable_cores()


def _threads_allowed(cores: int) -> int:
    """No more than OMP_NUM_THREADS, where a person has set it."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return max(1, min(cores, int(told))) if told.isdigit() else cores


def _width(plan: Plan) -> int:
    """Steps of one kind that can run at once."""
    kinds = Counter(step.kind for step in plan.steps)
    return kinds["train"] or kinds["evaluate"]


def _need(plan: Plan) -> int:
    """Bytes of memory that one process needs. A base model that a source trains within a run is taken to be small."""
    return OVERHEAD + COPIES * (_weights(plan.base.folder) if plan.base.folder else 0)


def _weights(folder: Path) -> int:
    """Bytes of a model's weights in float32."""
    size: Callable[[str], int] = lambda kind: sum(p.stat().st_size for p in folder.glob(f"*{kind}"))  # noqa: E731
    stored = size(".safetensors") or size(".bin")
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return stored
    return stored * (2 if "16" in str(config.get("dtype") or config.get("torch_dtype")) else 1)
