"""What the files and models that options name hold: their part of an identity, in the place of their paths."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.column import Column
from harness.digest import changed_options, digest, file_digest
from harness.errors import DataError
from harness.evaluator import Evaluator
from harness.host import Shelf
from harness.method import Method
from harness.model_files import fingerprint, resolve
from harness.suite import ModelRef


@dataclass(frozen=True)
class Contents:
    """Read once per run, for all options of evaluators and columns that are paths or models."""

    files: Mapping[str, str] = field(default_factory=dict[str, str])
    """Path -> digest of the file, or of the files of the folder."""
    models: Mapping[str, str] = field(default_factory=dict[str, str])
    """Model as an option names it -> fingerprint."""
    folders: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """Model as an option names it -> where it lies."""

    def options(self, configured: Evaluator | Column) -> dict[str, Any]:
        """The options of an object as they enter identities: content for what is named."""
        neutral = configured.neutral_options if isinstance(configured, Evaluator) else ()
        plain: dict[str, Any] = dict(changed_options(configured, but=neutral))
        for option in configured.path_options:
            if named := paths(getattr(configured, option)):
                plain[option] = [self.files.get(path, "") for path in named]
        for option in configured.model_options:
            if model := getattr(configured, option):
                plain[option] = self.models.get(model, "")
        return plain


def paths(value: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """The paths that a path option holds."""
    return tuple(path for path in ((value,) if isinstance(value, str) else value or ()) if path)


def columns_in(method: Method, columns: Shelf[Column]) -> list[Column]:
    """Columns that a method reads or holds among its options, and those of the methods among its options; each once.

    Args:
        columns: what is installed, for columns that are given by name.

    Raises:
        PluginError: no plugin offers a column of that name.
    """
    held = [getattr(method, option.name) for option in dataclasses.fields(method)]
    found = [columns.get(c)() if isinstance(c, str) else c for c in (*method.train_columns(), *method.score_columns())]
    found += [column for column in held if isinstance(column, Column)]
    found += [column for inner in held if isinstance(inner, Method) for column in columns_in(inner, columns)]
    return [column for index, column in enumerate(found) if column not in found[:index]]


def read(configured: Evaluator | Column, known: Contents) -> Contents:
    """What is known, and what one object names beside it; nothing is read twice.

    Raises:
        HarnessError: a file or a model cannot be had.
    """
    wanted = {path for option in configured.path_options for path in paths(getattr(configured, option))}
    files = {path: path_digest(Path(path)) for path in sorted(wanted - known.files.keys())}
    named = {getattr(configured, option) for option in configured.model_options} - {"", None}
    folders = {name: resolve(named_model(name)) for name in sorted(named - known.models.keys())}
    prints = {name: fingerprint(folder) for name, folder in folders.items()}
    if not files and not prints:
        return known
    return Contents({**known.files, **files}, {**known.models, **prints}, {**known.folders, **folders})


def named_model(name: str) -> ModelRef:
    """A model as an option names it: an absolute folder, or an id on the Hub, perhaps with `@revision`."""
    folder = Path(name)
    if folder.is_absolute():  # a folder of that name in the working folder is not what was meant
        return ModelRef(name, None, folder)
    bare, _, revision = name.partition("@")
    return ModelRef(bare, revision or None, None)


def path_digest(path: Path) -> str:
    """Names the bytes of a file, or those of the files of a folder under their names.

    What is hidden and what Python compiles when it imports from the folder are no part of it.

    Raises:
        DataError: there is nothing.
    """
    if path.is_file():
        return file_digest(path)
    if not path.is_dir():
        raise DataError(f"{path} is neither a file nor a folder", fix="correct the path")
    found = {p.relative_to(path): p for p in path.rglob("*") if p.is_file()}
    kept = {name: p for name, p in found.items() if not any(map(_is_no_content, name.parts))}
    return digest({str(name): file_digest(p) for name, p in kept.items()})


def _is_no_content(part: str) -> bool:
    return part.startswith(".") or part == "__pycache__"
