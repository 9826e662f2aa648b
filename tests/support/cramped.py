"""A model on a machine with too little memory."""

from contextlib import contextmanager

import torch

from harness.engine.memory import padded_size

CPU = "[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate"
SAID = {
    "cuda": lambda: torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ..."),
    "cpu": lambda: RuntimeError(f"{CPU} 8589934592 bytes. Error code 12 (Cannot allocate memory)"),
    "python": MemoryError,
}


@contextmanager
def cramped(model, tokens, how="cuda", only=None, at="forward"):
    """No pass of `model` of more than `tokens` tokens fits; with `only`, just the passes of these numbers, from 0,
    do not, whatever their size. `at`: when memory ends, in the pass forward or in the pass backward.
    """
    honest, passes = model.forward, []

    def forward(examples):
        passes.append(padded_size(examples))
        ends = passes[-1] > tokens if only is None else len(passes) - 1 in only
        if ends and at == "forward":
            raise SAID[how]()
        found = honest(examples)
        if ends and found.total.requires_grad:
            found.total.register_hook(lambda _: (_ for _ in ()).throw(SAID[how]()))
        return found

    model.forward = forward
    try:
        yield passes
    finally:
        del model.forward
