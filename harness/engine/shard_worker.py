"""One of the processes that train a policy together: `python -m harness.engine.shard_worker FOLDER RANK`."""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from harness.engine.deepspeed_stepper import DeepSpeedStepper, join
from harness.engine.encoding import Encoded
from harness.engine.memory import OutOfMemory
from harness.engine.packed_model import PackedModel
from harness.engine.stepper import make_trainable
from harness.engine.trainer import TrainJob, train_with
from harness.errors import HarnessError

WORK, DONE, FAULT, MEETING = "work.pt", "done.pt", "fault-{}.json", "meeting"


@dataclass(frozen=True)
class Work:
    """What every process is given."""

    policy: PackedModel
    """On the CPU, its adapters made."""
    job: TrainJob
    encoded: list[Encoded]
    metrics: Path
    threads: int


def main(folder: Path, rank: int) -> None:
    """Train with the others; the first leaves the weights and the report in the folder.

    Errors are left there too, and end the process with code 1.
    """
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _train(folder, rank)
    except Exception as error:
        fault: dict[str, Any] = {"kind": type(error).__name__, "trace": traceback.format_exc()}
        if isinstance(error, HarnessError):
            fault |= {"problem": error.problem, "fix": error.fix, "where": error.where}
        if isinstance(error, OutOfMemory):
            fault["budget"] = error.budget
        (folder / FAULT.format(rank)).write_text(json.dumps(fault))
        sys.stderr.write(fault["trace"])
        sys.stderr.flush()
        os._exit(1)  # not through what would wait for the other processes


def _end_with_parent() -> None:
    """The parent holds the other end of the standard input for as long as it lives."""
    sys.stdin.read()
    os._exit(1)


def _train(folder: Path, rank: int) -> None:
    work: Work = torch.load(folder / WORK, map_location="cpu", weights_only=False)
    sharding = work.job.training.sharding
    assert sharding is not None
    torch.set_num_threads(work.threads)
    device = torch.device("cpu")
    if torch.cuda.is_available():
        device = torch.device("cuda", rank)
        torch.cuda.set_device(device)
    job = work.job
    for model in (work.policy, job.reference):
        if model is not None:
            model.model.to(device)
            model.check_packed()
    policy = make_trainable(work.policy, job.training, job.seed)
    peers = join(rank, sharding.processes, f"file://{folder / MEETING}")
    stepper = DeepSpeedStepper(policy, job.training, sharding, peers)
    report = train_with(stepper, policy, job, work.encoded, work.metrics if rank == 0 else None)
    held = torch.zeros(sharding.processes, dtype=torch.int64, device=device)
    held[rank] = stepper.held
    report = replace(report, state_held=tuple(peers.summed(held).tolist()))
    if rank == 0:
        torch.save((stepper.weights(), report, dict(policy.encoder.counted)), folder / DONE)
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
