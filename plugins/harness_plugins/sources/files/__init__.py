"""Preferences from local files: JSON lines, JSON, CSV or Parquet, in any of the common shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar

import harness
from harness.digest import digest
from harness.examples import Split
from harness_plugins.sources.files.location import locate
from harness_plugins.sources.rows.data_file import DataFile, content_digest
from harness_plugins.sources.rows.drawing import Parted, Shares
from harness_plugins.sources.rows.load import load


@dataclass(frozen=True)
class Files(harness.Source):
    """Examples read from a file, a folder or a glob pattern; the shape of the rows is recognised.

    Splits are by a hash of the prompt's text, so a prompt is in one split only and stays there when rows are added.
    Held-out examples may also be in files of their own; what these share with the training files is kept and counted.

    In the ledger, `read` is the number of rows in the files, `dropped` counts those that no split can use, and `kept`
    is the number of examples of this split before `limit`: read = dropped + kept summed over the three splits.
    `counted` is about the kept examples of this split.
    """

    name: ClassVar[str] = "files"
    path_options: ClassVar[tuple[str, ...]] = ("path", "test_path", "validation_path")

    path: str = ""
    """A file, a folder (its files, not those of folders in it) or a glob pattern. All files must be of one format."""
    test_path: str = ""
    """The same for examples that are held out for evaluation; empty for a share of the prompts of `path`."""
    validation_path: str = ""
    """The same for examples that are held out for choosing settings; empty for a share of the prompts of `path`."""
    columns: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    """Our name of a column -> the files' name of it, where it is none of the usual ones."""
    subsets: tuple[str, ...] = ()
    """Use only rows of these named parts of the data; all rows where empty."""
    test: float = 0.2
    """Share of the prompts that are held out for evaluation, 0 to 1, where there is no `test_path`."""
    validation: float = 0.1
    """Share of the prompts that are held out for choosing settings, 0 to 1, where there is no `validation_path`."""
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
        of_path = replace(
            shares,
            test=0.0 if self.test_path else self.test,
            validation=0.0 if self.validation_path else self.validation,
        )
        files = self._files()
        # Held-out files come first: then the ids of their examples do not depend on the training files.
        loaded = load([file for _, file in files], self.columns, self.subsets, where=self.path)
        own: dict[str, Split] = {file.name: part for part, file in files if part != "train"}
        places: list[Split | None] = [
            own.get(at) or of_path.place(said) for at, said in zip(loaded.files, loaded.prompts, strict=True)
        ]
        found = Parted(loaded, places, {}, self.split_seed).draw(split, seed, limit, bootstrap=self.bootstrap)
        if not found.ledger.kept:
            shared_out = len({said for at, said in zip(loaded.files, loaded.prompts, strict=True) if at not in own})
            held_apart = split in own.values()
            raise harness.DataError(
                f"the {split} split is empty: "
                + (
                    f"no row of data.{split}_path can be used"
                    if held_apart
                    else f"its share is {of_path.of(split):g} of {shared_out} distinct prompts"
                ),
                fix="name other files, or change data.subsets"
                if held_apart
                else "change data.test, data.validation or data.split_seed, or add examples",
                where=self.path,
            )
        return found

    def _files(self) -> list[tuple[Split, DataFile]]:
        """The files with their splits: test, validation, and those that are shared out."""
        given: dict[Split, str] = {"test": self.test_path, "validation": self.validation_path}
        held_out: list[tuple[Split, DataFile]] = [
            (split, replace(file, name=f"{split}_path: {file.name}"))
            for split, path in given.items()
            if path
            for file in locate(path)
        ]
        return [*held_out, *(("train", file) for file in locate(self.path))]

    def fingerprint(self) -> str:
        """Digest of the bytes of the files, by split, whatever they are called and wherever they lie."""
        found = sorted((split, content_digest(file.path)) for split, file in self._files())
        one_path = not self.test_path and not self.validation_path
        return digest([content for _, content in found] if one_path else found)


@harness.hookimpl
def harness_sources() -> Iterable[type[harness.Source]]:
    """The source `files`."""
    return [Files]
