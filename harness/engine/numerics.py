"""The engine's own numerics, on while it computes: foreign code, such as lm-eval, keeps the process's."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from harness.engine.machine import machine
from harness.engine.precision import precision


@contextmanager
def engine_numerics() -> Generator[None]:
    """The matrix products chosen for this machine inside, the caller's outside."""
    with precision(machine().matmul):
        yield
