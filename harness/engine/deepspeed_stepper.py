"""Steps that several processes take together, each holding a part of the optimiser's state: DeepSpeed's ZeRO."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed
from torch import Tensor, nn

from harness.batch import Logps
from harness.engine.encoding import Encoded
from harness.engine.numerics import engine_numerics
from harness.engine.packed_model import PackedModel
from harness.engine.stepper import adamw
from harness.training import Sharding, Training

PATIENCE = timedelta(days=1)
"""How long a process waits for the others; one that dies is noticed by whoever started them all."""


@dataclass(frozen=True)
class ProcessGroup:
    """The processes of torch's default group."""

    rank: int
    count: int

    def summed(self, values: Tensor) -> Tensor:
        """See `Peers`."""
        total = values.detach().clone()
        torch.distributed.all_reduce(total)
        return total


def _library() -> Any:
    """DeepSpeed, which is not on every machine and is slow to import."""
    return importlib.import_module("deepspeed")


def join(rank: int, count: int, meeting: str) -> ProcessGroup:
    """Meet the other processes: over NCCL where there are GPUs, else over gloo.

    Args:
        rank: which process this is.
        count: how many there are.
        meeting: URL of a file that all can write.
    """
    deepspeed = _library()
    # Built by a compiler at first use, and for inference alone; without it gloo does all there is to do.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(
        "nccl" if torch.cuda.is_available() else "gloo",
        auto_mpi_discovery=False,
        timeout=PATIENCE,
        init_method=meeting,
        rank=rank,
        world_size=count,
    )
    return ProcessGroup(rank, count)


class _Pass(nn.Module):
    """The engine's pass as the module that DeepSpeed wraps, so that its hooks see every use of a weight."""

    def __init__(self, policy: PackedModel) -> None:
        super().__init__()
        self.model = policy.model
        self._through = policy.forward

    def forward(self, examples: Sequence[Encoded]) -> Tensor:
        return self._through(examples).total


class DeepSpeedStepper:
    """AdamW over processes of a group; all of them make the same calls."""

    def __init__(self, policy: PackedModel, training: Training, sharding: Sharding, peers: ProcessGroup) -> None:
        self.peers = peers
        self._parameters = [p for p in policy.model.parameters() if p.requires_grad]
        self._names = [n for n, p in policy.model.named_parameters() if p.requires_grad]
        config: dict[str, Any] = {
            "train_micro_batch_size_per_gpu": 1,
            "managed_gradient_accumulation": False,  # a step is over when `update` says so
            "gradient_clipping": training.clip or 0.0,
            "zero_optimization": {"stage": sharding.stage, "overlap_comm": False},
            "steps_per_print": None,
        }
        optimiser = adamw(self._parameters, training)
        self._engine, *_ = _library().initialize(
            model=_Pass(policy), optimizer=optimiser, config=config, dist_init_required=False
        )

    def forward(self, examples: Sequence[Encoded]) -> Logps:
        """See `Stepper`."""
        total = self._engine(examples)
        counts = [len(r) for e in examples for r in e.responses]
        return Logps(total, torch.tensor(counts, dtype=total.dtype, device=total.device))

    def backward(self, loss: Tensor) -> None:
        """See `Stepper`. DeepSpeed divides by the number of processes what it sums over them."""
        with engine_numerics():
            self._engine.backward(loss * self.peers.count)

    def update(self, learning_rate: float) -> float:
        """See `Stepper`."""
        for group in self._engine.optimizer.param_groups:
            group["lr"] = learning_rate
        self._engine.step()
        norm = self._engine.get_global_grad_norm()
        return float("nan") if norm is None else float(norm)

    def forget(self) -> None:
        """See `Stepper`."""
        self._engine.zero_grad()

    @property
    def held(self) -> int:
        """Numbers of the optimiser's state that this process holds."""
        state = self._engine.optimizer.optimizer.state
        return sum(v.numel() for values in state.values() for v in values.values() if isinstance(v, Tensor) and v.ndim)

    def weights(self) -> dict[str, Tensor]:
        """Every trained weight, on the CPU; every process has all of them."""
        return {name: p.detach().cpu().clone() for name, p in zip(self._names, self._parameters, strict=True)}
