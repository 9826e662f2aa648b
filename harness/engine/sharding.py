"""A policy trained by several processes of this machine, which are started for it and end with it."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, TypeVar

import torch

from harness import errors
from harness.engine.encoding import Encoded
from harness.engine.fused import Fusions
from harness.engine.packed_model import PackedModel
from harness.engine.shard_worker import DONE, FAULT, WORK, Work
from harness.engine.stepper import make_trainable
from harness.engine.trainer import Progress, TrainJob, step_indices
from harness.engine.training_log import TrainReport
from harness.errors import HarnessError, Unavailable
from harness.training import Sharding

M = TypeVar("M", bound=PackedModel | None)

LOOK = 0.05
"""Seconds between two looks at the processes."""
GRACE = 2.0
"""Seconds that the others have, once one has failed, to say why too."""
TAIL = 2000
"""Characters of a process's own words in an error."""


def train_sharded(
    policy: PackedModel, job: TrainJob, encoded: Sequence[Encoded], metrics: Path, progress: Progress | None
) -> TrainReport:
    """Train a policy in place. Where memory is not enough in one process, all begin again with
    half the token budget.

    Raises:
        Unavailable: there is no DeepSpeed here, or there are fewer GPUs than processes.
        HarnessError: what a process raised, or that it died.
    """
    sharding = job.training.sharding
    assert sharding is not None
    _demand(sharding)
    device, begun = policy.device, 0
    policy = make_trainable(policy, job.training.model_copy(update={"checkpointing": False}), job.seed)
    policy.model.to("cpu")  # the processes need the room
    threads = max(1, torch.get_num_threads() // sharding.processes)
    work = Work(_bare(policy), replace(job, reference=_bare(job.reference)), list(encoded), metrics.resolve(), threads)
    try:
        while True:
            with tempfile.TemporaryDirectory(dir=metrics.parent, prefix="processes-") as name:
                budget = _attempt(Path(name).resolve(), work, sharding.processes, progress)
                if budget is None:
                    return replace(_taken(policy, Path(name)), halvings=begun)
            policy.token_budget = work.policy.token_budget = budget
            begun += 1
    finally:
        policy.model.to(device)


def _bare(model: M) -> M:
    """Without what is found anew in every process."""
    return replace(model, fusions=Fusions()) if model is not None else model


def _demand(sharding: Sharding) -> None:
    if importlib.util.find_spec("deepspeed") is None:
        raise Unavailable(
            "training.sharding divides the optimiser's state by DeepSpeed, which is not installed here",
            fix="install deepspeed, on Linux, or leave `training.sharding` out",
        )
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else None
    if gpus is not None and gpus < sharding.processes:
        raise Unavailable(
            f"training.sharding asks for {sharding.processes} processes, one GPU each, and here are {gpus}",
            fix="ask for fewer processes, or leave `training.sharding` out",
        )


def _taken(policy: PackedModel, folder: Path) -> TrainReport:
    """The trained weights, put into the policy, and the report."""
    weights, report, counted = torch.load(folder / DONE, weights_only=False)
    own = dict(policy.model.named_parameters())
    with torch.no_grad():
        for name, values in weights.items():
            own[name].copy_(values)
    policy.encoder.counted.clear()
    policy.encoder.counted.update(counted)
    return report


def _attempt(folder: Path, work: Work, count: int, progress: Progress | None) -> int | None:
    """Run the processes to their end; the token budget to begin again with where memory was not enough."""
    torch.save(work, folder / WORK)
    total, done = len(step_indices(work.job)), 0
    work.metrics.write_text("")
    logs: list[IO[bytes]] = []
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for rank in range(count):
            logs.append((folder / f"log-{rank}.txt").open("wb"))
            processes.append(_started(folder, rank, count, logs[-1]))
        while True:
            codes = [p.poll() for p in processes]
            if any(codes):
                return _budget_or_raise(folder, processes)
            if progress and (seen := work.metrics.read_bytes().count(b"\n")) > done:
                done = seen
                progress(done, total)
            if all(code == 0 for code in codes):
                return None
            time.sleep(LOOK)
    finally:
        for process in processes:
            process.kill()
            process.wait()
            if process.stdin:
                process.stdin.close()
        for log in logs:
            log.close()


def _started(folder: Path, rank: int, count: int, log: IO[bytes]) -> subprocess.Popen[bytes]:
    around = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),  # it imports what this process could
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(count),
    }
    if not torch.cuda.is_available() and sys.platform == "linux":
        around.setdefault("GLOO_SOCKET_IFNAME", "lo")
    command = [sys.executable, "-m", "harness.engine.shard_worker", str(folder), str(rank)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=around)


def _budget_or_raise(folder: Path, processes: Sequence[subprocess.Popen[bytes]]) -> int:
    """Why the processes ended: the first fault that is not another's echo."""
    until = time.monotonic() + GRACE
    while time.monotonic() < until and any(p.poll() is None for p in processes):
        time.sleep(LOOK)
    faults = {rank: _fault(folder, rank) for rank in range(len(processes))}
    for fault in faults.values():
        if "budget" in fault:
            return fault["budget"]
    for fault in faults.values():
        if "problem" in fault:
            kind: Any = getattr(errors, fault["kind"], HarnessError)
            raise kind(fault["problem"], fix=fault["fix"], where=fault["where"])
    for rank, process in enumerate(processes):
        code = process.poll()
        if code is not None and code < 0:
            raise HarnessError(
                f"process {rank} of the {len(processes)} that trained together was ended by "
                f"{signal.Signals(-code).name}; the others were ended too",
                fix="if nobody ended it, it was the system, for want of memory: take fewer processes, or adapters",
            )
    rank = min(faults, key=lambda r: _when(folder, r))
    told = faults[rank].get("trace") or (folder / f"log-{rank}.txt").read_text(errors="replace")
    raise RuntimeError(f"process {rank} of the {len(processes)} that trained together failed:\n{told[-TAIL:]}")


def _fault(folder: Path, rank: int) -> dict[str, Any]:
    try:
        return json.loads((folder / FAULT.format(rank)).read_text())
    except (FileNotFoundError, json.JSONDecodeError):  # it died without a word, or in the middle of one
        return {}


def _when(folder: Path, rank: int) -> float:
    path = folder / FAULT.format(rank)
    return path.stat().st_mtime if path.exists() else float("inf")
