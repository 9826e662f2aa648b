"""The examples that steps ask a source for, each set drawn and converted once for all rows that see it."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.conversions import meet
from harness.examples import ExampleSet, Need, Split
from harness.source import Source

MOST = 500_000
"""Responses that are kept for later steps; of more, the sets that were asked for last."""

Asked = tuple[Split, int, "int | None", frozenset[Need]]
"""Split, seed, limit and needs."""


@dataclass
class ExampleSets:
    """What a source gives depends on what it is asked alone, and cannot be changed: so it may be given again."""

    source: Source
    most: int = MOST
    _known: dict[Asked, ExampleSet] = field(default_factory=dict[Asked, ExampleSet])
    """The one that was asked for last stands last."""

    def of(self, split: Split, seed: int, limit: int | None, needs: frozenset[Need] = frozenset()) -> ExampleSet:
        """See `harness.Source.examples`; converted to what `needs` names.

        Raises:
            DataError: nothing can be read, or the examples cannot be converted.
        """
        asked: Asked = (split, seed, limit, needs)
        found = self._known.pop(asked, None)
        if found is None:
            found = meet(self.of(split, seed, limit), needs) if needs else self.source.examples(split, seed, limit)
        self._known[asked] = found
        self._make_room()
        return found

    def _make_room(self) -> None:
        sizes = {asked: sum(len(e.responses) for e in found) for asked, found in self._known.items()}
        held = sum(sizes.values())
        for asked, size in list(sizes.items()):
            if held > self.most:
                held -= size
                del self._known[asked]
