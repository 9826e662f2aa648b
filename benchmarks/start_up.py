"""The engine's start-up probes, in a fresh process: they are kept per machine, and no measured run pays for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine_side import set_up
from fresh_process import answer


def probe(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the engine chooses for the model of `given["folder"]` on this machine."""
    from harness.engine.stepper import make_trainable
    from harness.engine.token_budget import training_budget

    work = set_up(given)
    return {"tokens_a_pass": training_budget(make_trainable(work.policy, work.training, work.seed))}


if __name__ == "__main__":
    answer(probe)
