"""Preferences from data sets on the Hugging Face Hub, at one commit, in any of the common shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import harness
from harness.digest import changed_options, digest
from harness.errors import nearest
from harness.examples import Split
from harness.hub import HubError, Repository, repository
from harness_plugins.sources.hub.layout import layout
from harness_plugins.sources.hub.parts import parted
from harness_plugins.sources.hub.presets import PRESETS, Preset, PresetName
from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.data_file import FORMATS, DataFile, Format, content_digest, format_of
from harness_plugins.sources.rows.drawing import Shares
from harness_plugins.sources.rows.load import load


@dataclass(frozen=True)
class Hub(harness.Source):
    """Examples of a data set on the Hub, read from its files at one commit; the shape of the rows is recognised.

    The data set's own splits are used where it has them. A prompt that is in several of them stays in the test split,
    else in the validation split, and its other rows are dropped and counted. What the data set does not hold out is
    held out of its training split, by a hash of the prompt's text.

    In the ledger, `read` is the number of rows in the files of all splits that are used: read = dropped + kept summed
    over the three splits.
    """

    name: ClassVar[str] = "hub"

    dataset: str = ""
    """Id of a data set on the Hub, such as org/name; empty for the preset's."""
    preset: PresetName | None = None
    """A data set whose id, splits and columns are known; what is set beside it goes before."""
    revision: str | None = None
    """A commit, a branch or a tag; null for the newest commit."""
    config: str | None = None
    """A named configuration of the data set; null for its default one."""
    data_dir: str | None = None
    """Use only the files in this folder of the repository; null for all."""
    train_split: str | None = None
    """The data set's name of its training split; null for the preset's, else train."""
    validation_split: str | None = None
    """Its name of a validation split; null for the preset's, else validation if there is one; empty for none."""
    test_split: str | None = None
    """Its name of a test split; null for the preset's, else test if there is one; empty for none."""
    columns: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    """Our name of a column -> the data set's name of it, where it is none of the usual ones."""
    subsets: tuple[str, ...] = ()
    """Use only rows of these named parts of the data; all rows where empty."""
    test: float = 0.2
    """Share of the training split's prompts that are held out for evaluation, 0 to 1, where there is no test split."""
    validation: float = 0.1
    """Share of the training split's prompts that are held out for choosing settings, 0 to 1, where there is no
    validation split."""
    split_seed: int = 0
    """Another number holds out other prompts."""
    bootstrap: bool = False
    """Resample the training examples with replacement, anew for each seed."""

    def examples(self, split: Split, seed: int, limit: int | None = None) -> harness.ExampleSet:
        """The examples of a split; see `harness.Source.examples`.

        Raises:
            DataError: an option is wrong, the data set cannot be had or read, or the split is empty.
        """
        shares = Shares(self.test, self.validation, self.split_seed)
        shares.check()
        files = self._files()
        # Held-out files come first: then the ids of their examples do not depend on the training split.
        loaded = load([file for _, file in files], self._columns(), self.subsets, where=self._dataset())
        parts = parted(loaded, {file.name: part for part, file in files}, shares)
        found = parts.draw(split, seed, limit, bootstrap=self.bootstrap)
        if not found.ledger.kept:
            raise harness.DataError(
                f"the {split} split is empty",
                fix=f"set data.{split}_split to a split that the data set has, or change data.test and data.validation",
                where=self._dataset(),
            )
        return found

    def fingerprint(self) -> str:
        """Digest of the bytes of the files that are read, by split: another commit with the same data is the same."""
        return digest(sorted([part, content_digest(file.path)] for part, file in self._files()))

    def path_free_options(self) -> Mapping[str, Any]:
        """Options as they enter identities: without `revision`, whose content `fingerprint` names."""
        return {option: value for option, value in changed_options(self).items() if option != "revision"}

    def described(self) -> str:
        """The data set with the commit that was read."""
        found = self._repository()
        return f"{self.name}, {found.name}@{found.commit}"

    def _preset(self) -> Preset:
        return PRESETS[self.preset] if self.preset else Preset(self.dataset, {})

    def _dataset(self) -> str:
        return self.dataset or self._preset().dataset

    def _columns(self) -> Mapping[str, str]:
        return {**Columns.of(self._preset().columns).mapped, **Columns.of(self.columns).mapped}

    def _repository(self) -> Repository:
        if not self._dataset():
            raise harness.DataError(
                "no data set is named",
                fix=f"set data.dataset to an id on the Hub, or data.preset to one of {', '.join(PRESETS)}",
            )
        try:
            return repository("dataset", self._dataset(), self.revision)
        except HubError as error:
            raise _as_data_error(error) from error

    def _files(self) -> list[tuple[Split, DataFile]]:
        """The files that are read, test before validation before train, each with its split."""
        found = self._repository()
        try:
            there = layout(found, self.config, self.data_dir)
            wanted: dict[str, Split] = {}
            for part, name in self._splits(there).items():
                for path in there[name]:
                    wanted.setdefault(path, part)  # a file of two splits is held out
            formats: dict[str, Format] = {path: _format(path, found.name) for path in wanted}
            folder = found.fetch(list(wanted))
        except HubError as error:
            raise _as_data_error(error) from error
        return [(part, DataFile(folder / path, path, formats[path])) for path, part in wanted.items()]

    def _splits(self, there: Mapping[str, tuple[str, ...]]) -> dict[Split, str]:
        """Our split -> the data set's, for those that it has.

        Raises:
            DataError: one that is asked for is not there, or stands for two of ours.
        """
        preset = self._preset()
        asked: dict[Split, str | None] = {
            "test": self.test_split,
            "validation": self.validation_split,
            "train": self.train_split or None,
        }
        found: dict[Split, str] = {}
        for part, name in asked.items():
            known = preset.splits.get(part) if name is None else name
            if known is None and not self.preset and (part in there or part == "train"):
                known = part
            if not known:
                continue
            if known not in there:
                raise harness.DataError(
                    f"{self._dataset()!r} has no split {known!r}; {nearest(known, there)}",
                    fix=f"set data.{part}_split to one of them"
                    + ("" if part == "train" else f', or to "" to hold out a share of the prompts (data.{part})'),
                    where=f"data.{part}_split",
                )
            if known in found.values():
                raise harness.DataError(
                    f"the split {known!r} is used twice", fix="use it once", where=f"data.{part}_split"
                )
            found[part] = known
        return found


def _format(path: str, dataset: str) -> Format:
    found = format_of(Path(path))
    if found is None:
        raise harness.DataError(
            f"{path} is of a format that cannot be read",
            fix=f"use a data set of files that end in {', '.join(FORMATS)}, with or without .gz",
            where=dataset,
        )
    return found


def _as_data_error(error: HubError) -> harness.DataError:
    return harness.DataError(error.problem, fix=f"{error.fix}, or use the source `files`", where="data")


@harness.hookimpl
def harness_sources() -> Iterable[type[harness.Source]]:
    """The source `hub`."""
    return [Hub]
