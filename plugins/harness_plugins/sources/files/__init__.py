"""Preferences from local files: JSON lines, JSON, CSV or Parquet, in any of the common shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

import harness
from harness.digest import digest
from harness.examples import Split
from harness_plugins.sources.files.location import locate
from harness_plugins.sources.rows.data_file import content_digest
from harness_plugins.sources.rows.drawing import Parted, Shares
from harness_plugins.sources.rows.load import load


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
        shares = Shares(self.test, self.validation, self.split_seed)
        shares.check()
        loaded = load(locate(self.path), self.columns, self.subsets, where=self.path)
        parted = Parted(loaded, [shares.place(prompt) for prompt in loaded.prompts], {}, self.split_seed)
        found = parted.draw(split, seed, limit, bootstrap=self.bootstrap)
        if not found.ledger.kept:
            raise harness.DataError(
                f"the {split} split is empty: its share is {shares.of(split):g} of {len(set(loaded.prompts))} "
                "distinct prompts",
                fix="change data.test, data.validation or data.split_seed, or add examples",
                where=self.path,
            )
        return found

    def fingerprint(self) -> str:
        """Digest of the bytes of the files, whatever they are called and wherever they lie."""
        return digest(sorted(content_digest(file.path) for file in locate(self.path)))


@harness.hookimpl
def harness_sources() -> Iterable[type[harness.Source]]:
    """The source `files`."""
    return [Files]
