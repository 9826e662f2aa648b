"""Text from outside (labels, options, reasons, metric names) made fit for one line of a table."""

from __future__ import annotations

LONGEST = 300
NONE = "–"
"""In a cell that has nothing to say."""


def one_line(text: str, most: int = LONGEST) -> str:
    """`text` on one line, cut with an ellipsis after `most` characters.

    What cannot be printed (control characters, terminal escapes, marks that turn the writing direction) becomes U+FFFD.
    """
    line = " ".join(text.split())
    if not line.isprintable():
        line = "".join(c if c.isprintable() else "\ufffd" for c in line)
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
