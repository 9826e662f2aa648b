"""Makes distributions on disk that are found and imported as installed ones are."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path

import pytest


def install(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    files: Mapping[str, str],
    entry_points: Mapping[str, str],
    version: str = "1.0",
) -> tuple[EntryPoint, ...]:
    """A distribution `name` with these source files, in a folder of its own that is put on the import path.

    Returns:
        Its entry points of the group `harness`, each of which knows its distribution.
    """
    folder = root / f"site-{name}"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = "".join(f"{plugin} = {target}\n" for plugin, target in entry_points.items())
    (info / "entry_points.txt").write_text(f"[harness]\n{lines}")
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in files))
    monkeypatch.syspath_prepend(folder)
    for module in {Path(path).parts[0].removesuffix(".py") for path in files}:
        for loaded in [m for m in sys.modules if m == module or m.startswith(f"{module}.")]:
            monkeypatch.delitem(sys.modules, loaded)
    return tuple(Distribution.at(info).entry_points)


def method_source(name: str, class_name: str = "Hinge") -> str:
    """The source of a module that offers one method called `name`."""
    return f"""
from dataclasses import dataclass
from typing import ClassVar

import harness


@dataclass(frozen=True)
class {class_name}(harness.Method):
    name: ClassVar[str] = {name!r}
    source: ClassVar[str] = "a test"
    margin: float = 1.0

    def needs(self):
        return frozenset({{"pairs"}})

    def terms(self, batch):
        return (self.margin - batch.log_ratio[batch.chosen] + batch.log_ratio[batch.rejected]).clamp(min=0)

    def score(self, batch):
        return batch.log_ratio


@harness.hookimpl
def harness_methods():
    return [{class_name}]
"""
