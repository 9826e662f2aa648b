"""Verdicts of judges in process, computed once: by parts, each kept before the next begins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.digest import digest
from harness_plugins.evaluators.alpaca_eval.verdicts import Verdict, Verdicts

PART = 128
"""Questions computed between two writes."""


@dataclass
class Kept:
    """What one judge said, under a name of all that it depends on."""

    folder: Path
    """Where verdicts are kept."""
    judge: Mapping[str, Any]
    """Plain data: all that a verdict depends on beside the question. A model is named by its content."""
    tell: Callable[[int, int], None]
    usable: Callable[[Verdict], bool]
    """Whether a line is of the make that this judge keeps."""
    counted: Counter[str] = field(default_factory=lambda: Counter({"computed": 0, "cached": 0}))

    def of(self, questions: Sequence[Any], compute: Callable[[Sequence[int]], Sequence[Verdict]]) -> list[Verdict]:
        """The verdict on each question.

        Args:
            questions: plain data, all that is compared; each distinct one is computed once.
            compute: places in `questions` -> a verdict each.
        """
        names = [digest({"judge": self.judge, "question": question}) for question in questions]
        places = {name: place for place, name in reversed(list(enumerate(names)))}
        with Verdicts(self.folder) as verdicts:
            known = {name: verdicts.get(name) for name in places}
            found = {name: v for name, v in known.items() if v is not None and self.usable(v)}
            self.counted["cached"] += len(found)
            missing = sorted(places[name] for name in places if name not in found)
            for start in range(0, len(missing), PART):
                part = missing[start : start + PART]
                fresh = dict(zip((names[place] for place in part), compute(part), strict=True))
                verdicts.put_all(fresh)
                found.update(fresh)
                self.counted["computed"] += len(part)
                self.tell(len(found), len(places))
            if verdicts.broken:
                self.counted["broken"] = verdicts.broken
        return [found[name] for name in names]
