"""Preferences from local files: JSON lines, JSON, CSV or Parquet, in any of the common shapes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import harness
from harness.digest import digest
from harness.examples import Split
from harness_plugins.sources.files.load import Loaded, load_examples
from harness_plugins.sources.files.location import content_digest, locate
from harness_plugins.sources.files.notable import notable
from harness_plugins.sources.files.split import interleaved, ordered, place, resampled


@dataclass(frozen=True)
class Files(harness.Source):
    """Examples read from a file, a folder or a glob pattern; the shape of the rows is recognised.

    Splits are by a hash of the prompt's text, so a prompt is in one split only and stays there when rows are added.

    In the ledger, `read` is the number of rows in the files, `dropped` counts those that no split can use, and `kept`
    is the number of examples of this split before `limit`: read = dropped + kept summed over the three splits.
    `counted` is about the kept examples of this split.
    """

    name: ClassVar[str] = "files"
    path_options: ClassVar[tuple[str, ...]] = ("path",)

    path: str = ""
    """A file, a folder (its files, not those of folders in it) or a glob pattern. All files must be of one format."""
    columns: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    """Our name of a column -> the files' name of it, where it is none of the usual ones."""
    subsets: tuple[str, ...] = ()
    """Use only rows of these named parts of the data; all rows where empty."""
    test: float = 0.2
    """Share of the prompts that are held out for evaluation, 0 to 1."""
    validation: float = 0.1
    """Share of the prompts that are held out for choosing settings, 0 to 1."""
    split_seed: int = 0
    """Another number gives another assignment of prompts to splits."""
    bootstrap: bool = False
    """Resample the training examples with replacement, anew for each seed."""

    def examples(self, split: Split, seed: int, limit: int | None = None) -> harness.ExampleSet:
        """The examples of a split; see `harness.Source.examples`.

        Training examples come in an order keyed by `seed`, the others in one that no seed changes. Unpaired examples
        are interleaved so that desirable and undesirable ones have their overall shares in every prefix.

        Raises:
            DataError: an option is wrong, nothing can be read, or the split is empty.
        """
        loaded = self._load()
        kept = [e for e, prompt in zip(loaded.examples, loaded.prompts, strict=True) if self._place(prompt) == split]
        if not kept:
            raise self._empty(split, len(set(loaded.prompts)))
        drawn = ordered(kept, f"train {seed}" if split == "train" else f"held out {self.split_seed}")
        if split == "train" and self.bootstrap:
            drawn = resampled(drawn, seed)
        ledger = harness.Ledger(
            read=loaded.read,
            kept=len(kept),
            dropped=dict(loaded.dropped),
            counted=dict(Counter(note for example in kept for note in notable(example))),
            named=loaded.named,
        )
        return harness.ExampleSet(tuple(interleaved(drawn)[:limit]), ledger)

    def fingerprint(self) -> str:
        """Digest of the bytes of the files, whatever they are called and wherever they lie."""
        return digest(sorted(content_digest(file.path) for file in locate(self.path)))

    def _load(self) -> Loaded:
        shares = (self.test, self.validation)
        if not all(math.isfinite(s) and 0 <= s <= 1 for s in shares) or sum(shares) > 1 + 1e-9:
            raise harness.DataError(
                f"test is {self.test} and validation is {self.validation}: not two shares of one whole",
                fix="set data.test and data.validation to numbers from 0 to 1 whose sum is at most 1",
            )
        return load_examples(self.path, self.columns, self.subsets)

    def _place(self, prompt: str) -> Split:
        return place(prompt, test=self.test, validation=self.validation, seed=self.split_seed)

    def _empty(self, split: Split, prompts: int) -> harness.DataError:
        shares = {"test": self.test, "validation": self.validation, "train": 1 - self.test - self.validation}
        return harness.DataError(
            f"the {split} split is empty: its share is {shares[split]:g} of {prompts} distinct prompts",
            fix="change data.test, data.validation or data.split_seed, or add examples",
            where=self.path,
        )


@harness.hookimpl
def harness_sources() -> Iterable[type[harness.Source]]:
    """The source `files`."""
    return [Files]
