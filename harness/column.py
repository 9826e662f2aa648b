"""A column: one number per response that is computed once and read by many rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

if TYPE_CHECKING:
    import numpy as np

    from harness.examples import Example


class Scorer(Protocol):
    """The exact scorer of one policy."""

    def logps(self, examples: Sequence[Example]) -> list[tuple[np.ndarray, np.ndarray]]:
        """Per example: (responses,) float32 summed log-probs in nats, and (responses,) int64 token counts."""
        ...


@dataclass(frozen=True)
class Column(ABC):
    """Computes one number per response. Options are the fields of the subclass."""

    name: ClassVar[str]
    """What methods write in `train_columns` and `score_columns`."""
    source: ClassVar[str]
    """Where the definition comes from."""
    uses_initial_policy: ClassVar[bool] = False
    """True if the numbers depend on the row's initial policy; they are then kept per initial policy."""

    @abstractmethod
    def compute(self, examples: Sequence[Example], initial: Scorer | None) -> list[np.ndarray]:
        """Per example, (responses,) float32.

        Args:
            examples: distinct examples; order carries no meaning.
            initial: the row's initial policy; None unless `uses_initial_policy`.
        """
