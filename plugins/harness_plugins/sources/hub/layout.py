"""Which files of a data set's repository make up which of its splits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from harness.errors import DataError, nearest
from harness.hub import Repository, first_line

CARDS = ("README.md", ".huggingface.yaml")
"""Where a repository may say which configs it has, and which files their splits are."""


@cache
def layout(repository: Repository, config: str | None, data_dir: str | None) -> Mapping[str, tuple[str, ...]]:
    """The paths of a config's files, by split, as `datasets` tells them.

    `datasets` decides by the repository's card and by the names of its files. It is shown a folder of empty files with
    the card beside them: so no data are fetched to find out, and the answer is the same offline.

    Args:
        repository: of the data set.
        config: one of those that the card names; None for the default one.
        data_dir: use only the files of this folder of the repository; None for all.

    Raises:
        DataError: there is no such config or folder, there are no files of data, or some lie outside of the repository.
        HubError: the list of files cannot be had.
    """
    paths = repository.paths()
    if strange := [path for path in paths if Path(path).is_absolute() or ".." in Path(path).parts]:
        raise _outside(repository.name, strange[0])
    if data_dir is not None and not any(path.startswith(f"{data_dir.strip('/')}/") for path in paths):
        folders = {str(parent) for path in paths for parent in Path(path).parents} - {"."}
        raise DataError(
            f"{repository.name!r} has no folder {data_dir!r}; {nearest(data_dir, folders)}",
            fix="name one of its folders, or leave data.data_dir out",
            where="data.data_dir",
        )
    with TemporaryDirectory() as scratch:
        folder = Path(scratch) / Path(repository.name).name
        for path in paths:
            if Path(path).suffix != ".py":  # scripts are not run
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).touch()
        for card in CARDS:
            if card in paths:
                copyfile(repository.fetch([card]) / card, folder / card)
        return _splits(folder.resolve(), repository.name, config, data_dir)


def _splits(folder: Path, name: str, config: str | None, data_dir: str | None) -> Mapping[str, tuple[str, ...]]:
    from datasets import get_dataset_config_names, load_dataset_builder
    from yaml import YAMLError

    try:
        configs = [] if data_dir else get_dataset_config_names(str(folder))
        if config is not None and configs and config not in configs:
            raise DataError(
                f"{name!r} has no config {config!r}; {nearest(config, configs)}",
                fix="name one of its configs, or leave data.config out for the default one",
                where="data.config",
            )
        builder = load_dataset_builder(
            str(folder), name=config, data_dir=data_dir, cache_dir=str(folder.with_name("cache"))
        )
    except (AttributeError, LookupError, OSError, TypeError, ValueError, YAMLError) as error:  # cards may say anything
        raise DataError(
            f"`datasets` finds no data in {name!r}: {first_line(error)}",
            fix="set data.config or data.data_dir to a part of it that has files of preferences",
        ) from error
    found = {str(split): list(map(Path, listed)) for split, listed in (builder.config.data_files or {}).items()}
    if strange := [path for listed in found.values() for path in listed if not path.is_relative_to(folder)]:
        raise _outside(name, strange[0])
    return {split: tuple(sorted(p.relative_to(folder).as_posix() for p in listed)) for split, listed in found.items()}


def _outside(name: str, path: object) -> DataError:
    return DataError(
        f"{name!r} names a file that is not in its repository: {path}",
        fix="set data.config or data.data_dir to a part of it that has files of its own, or use another data set",
    )
