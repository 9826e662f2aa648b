"""The reward that the data themselves state."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness
from harness.examples import Need

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class DataReward(harness.Column):
    """The score of a response in its data set, in the data's own unit."""

    name: ClassVar[str] = "data_reward"
    source: ClassVar[str] = "the data"

    def needs(self) -> frozenset[Need]:
        """Rewards."""
        return frozenset({"rewards"})

    def compute(self, examples: Sequence[harness.Example], bench: harness.Bench) -> list[np.ndarray]:
        """Per example, (responses,) float32.

        Raises:
            DataError: a response has no reward.
        """
        import numpy as np

        del bench
        lacking = next((e.id for e in examples for r in e.responses if r.reward is None), None)
        if lacking is not None:
            raise harness.DataError(
                f"example {lacking!r} has a response without a reward", fix="use candidates that are all scored"
            )
        return [np.array([r.reward for r in e.responses], dtype=np.float32) for e in examples]


@harness.hookimpl
def harness_columns() -> Iterable[type[harness.Column]]:
    """Offers `data_reward`."""
    return [DataReward]
