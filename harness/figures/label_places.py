"""Where labels stand beside marks, so that they cover neither marks nor each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Anchor = Literal["right", "left", "above", "below", "above right", "above left", "below right", "below left"]

CHARACTER, LINE = 6.1, 12.0
"""Pixels of a letter and of a line at 11 pixels."""
NEAR = 8.0
"""Pixels from a mark to its label."""
OFFSETS: dict[Anchor, tuple[float, float]] = {
    "right": (1, 0),
    "left": (-1, 0),
    "above": (0, -1.3),
    "below": (0, 1.3),
    "above right": (0.8, -1),
    "above left": (-0.8, -1),
    "below right": (0.8, 1),
    "below left": (-0.8, 1),
}
"""In units of `NEAR`, the better places first."""


@dataclass(frozen=True)
class Box:
    """Pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: Box) -> float:
        """The area that two boxes have in common."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(across, 0.0) * max(down, 0.0)

    def outside(self, width: float, height: float) -> float:
        """How much of the box lies outside a picture."""
        inside = self.shared(Box(0, 0, width, height))
        return (self.right - self.left) * (self.bottom - self.top) - inside


def label_box(x: float, y: float, text: str, anchor: Anchor) -> Box:
    """What a label covers, about."""
    across, down = OFFSETS[anchor]
    x, y, wide = x + NEAR * across, y + NEAR * down, CHARACTER * len(text)
    left = x if across > 0 else x - wide if across < 0 else x - wide / 2
    return Box(left, y - LINE / 2, left + wide, y + LINE / 2)


def places(
    marks: Sequence[tuple[float, float, str]], blocked: Sequence[Box], size: tuple[float, float]
) -> list[Anchor]:
    """Per mark (x, y, label), where its label stands: one after the other, each where it covers least.

    Args:
        blocked: what labels should not cover, besides the marks.
        size: of the picture, pixels.
    """
    taken = [*blocked, *(Box(x - 6, y - 6, x + 6, y + 6) for x, y, _ in marks)]
    found: list[Anchor] = []
    for x, y, text in marks:
        boxes = {anchor: label_box(x, y, text, anchor) for anchor in OFFSETS}
        costs = {
            anchor: sum(box.shared(other) for other in taken) + 3 * box.outside(*size) for anchor, box in boxes.items()
        }
        best: Anchor = min(OFFSETS, key=lambda anchor: costs[anchor])  # of equal ones the first
        found.append(best)
        taken.append(boxes[best])
    return found
