"""From all examples of some files to those of one split, in the order they are to be seen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.errors import DataError
from harness.examples import Example, ExampleSet, Ledger, Split
from harness_plugins.sources.rows.load import Loaded
from harness_plugins.sources.rows.notable import notable
from harness_plugins.sources.rows.split import interleaved, ordered, place, resampled


@dataclass(frozen=True)
class Shares:
    """How prompts are shared out among the splits: by a hash of their text."""

    test: float
    validation: float
    seed: int

    def check(self) -> None:
        """Refuse what are not two shares of one whole.

        Raises:
            DataError: one is not from 0 to 1, or their sum is more.
        """
        both = (self.test, self.validation)
        if not all(math.isfinite(share) and 0 <= share <= 1 for share in both) or sum(both) > 1 + 1e-9:
            raise DataError(
                f"test is {self.test} and validation is {self.validation}: not two shares of one whole",
                fix="set data.test and data.validation to numbers from 0 to 1 whose sum is at most 1",
            )

    def place(self, prompt: str) -> Split:
        """The split of a prompt, by its key."""
        return place(prompt, test=self.test, validation=self.validation, seed=self.seed)

    def of(self, split: Split) -> float:
        """The share of the prompts that a split has."""
        return {"test": self.test, "validation": self.validation, "train": 1 - self.test - self.validation}[split]


@dataclass(frozen=True)
class Parted:
    """Examples, each put into a split or into none."""

    loaded: Loaded
    places: Sequence[Split | None]
    """Per example, its split."""
    left_out: Mapping[str, int]
    """Those that are in none, by reason."""
    split_seed: int

    def draw(self, split: Split, seed: int, limit: int | None, *, bootstrap: bool) -> ExampleSet:
        """The examples of a split, none of them perhaps, with the ledger.

        Training examples come in an order keyed by `seed`, the others in one that no seed changes. Unpaired examples
        are interleaved so that desirable and undesirable ones have their overall shares in every prefix.

        Args:
            split: which part.
            seed: of a row.
            limit: at most this many; None for all.
            bootstrap: resample training examples with replacement.
        """
        kept = [example for example, at in zip(self.loaded.examples, self.places, strict=True) if at == split]
        return ExampleSet(tuple(interleaved(self._seen(kept, split, seed, bootstrap))[:limit]), self._ledger(kept))

    def _seen(self, kept: Sequence[Example], split: Split, seed: int, bootstrap: bool) -> list[Example]:
        if split != "train":
            return ordered(kept, f"held out {self.split_seed}")
        found = ordered(kept, f"train {seed}")
        return resampled(found, seed) if bootstrap and found else found

    def _ledger(self, kept: Sequence[Example]) -> Ledger:
        return Ledger(
            read=self.loaded.read,
            kept=len(kept),
            dropped={**self.loaded.dropped, **self.left_out},
            counted=dict(Counter(note for example in kept for note in notable(example))),
            named=self.loaded.named,
        )
