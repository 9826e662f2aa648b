"""How long a response is: the control that tells how much of a preference length alone explains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

import harness

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class Length(harness.Column):
    """Characters or words of the response; as a row of its own, the scorer that knows nothing but length."""

    name: ClassVar[str] = "length"
    source: ClassVar[str] = "our choice, as a control"

    unit: Literal["characters", "words"] = "characters"
    """What is counted: Unicode characters, or runs of anything but white space. No tokeniser decides."""
    better: Literal["longer", "shorter"] = "longer"
    """Which response gets the larger number: shorter counts below zero."""

    def compute(self, examples: Sequence[harness.Example], bench: harness.Bench) -> list[np.ndarray]:
        """Per example, (responses,) float32."""
        import numpy as np

        del bench
        sign = 1 if self.better == "longer" else -1
        return [np.array([sign * self._length(r.text) for r in e.responses], dtype=np.float32) for e in examples]

    def _length(self, text: str) -> int:
        return len(text) if self.unit == "characters" else len(text.split())


@harness.hookimpl
def harness_columns() -> Iterable[type[harness.Column]]:
    """Offers `length`."""
    return [Length]
