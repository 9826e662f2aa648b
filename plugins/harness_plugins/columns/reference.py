"""The reference column: what the row's initial policy thinks of each response."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import harness
from harness.column import Start

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Reference(harness.Column):
    """log pi_ref(y|x), summed over response tokens, in nats, where pi_ref is the policy the row started from."""

    name: ClassVar[str] = "reference"
    source: ClassVar[str] = "arXiv:2305.18290: the reference policy is the one that training starts from"
    reads: ClassVar[Start] = "initial"

    def compute(self, examples: Sequence[harness.Example], bench: harness.Bench) -> list[np.ndarray]:
        """Per example, (responses,) float32 nats."""
        return [total for total, _ in bench.model.logps(examples)]


@harness.hookimpl
def harness_columns() -> Iterable[type[harness.Column]]:
    """Offers `reference`."""
    return [Reference]
