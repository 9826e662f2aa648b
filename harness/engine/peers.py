"""The processes that share one optimiser step."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor


class Peers(Protocol):
    """All processes, as one of them sees them."""

    @property
    def rank(self) -> int:
        """Which one this is, from 0."""
        ...

    @property
    def count(self) -> int:
        """How many there are."""
        ...

    def summed(self, values: Tensor) -> Tensor:
        """The sum of `values`, of one shape in every process, over all of them; no gradient."""
        ...


class Alone:
    """One process."""

    rank = 0
    count = 1

    def summed(self, values: Tensor) -> Tensor:
        """`values`."""
        return values
