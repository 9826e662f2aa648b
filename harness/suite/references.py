"""What a suite writes for a model or a file, as a place on this machine."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from harness.errors import HarnessError
from harness.suite.node import Node
from harness.suite.suite import ModelRef

_HUB_ID = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?", re.ASCII)


def model_ref(node: Node, revision: str | None = None) -> ModelRef:
    """The model that `node` names: a folder where there is one, relative to what set it, else an id on the Hub, which
    may bring its revision along: `org/name@revision`.

    Raises:
        HarnessError: it is neither.
    """
    name = str(node.value)
    folder = Path(absolute(name, node.place.folder))
    if _is_folder(folder):
        if revision is not None:
            raise HarnessError(f"{name!r} is a local folder, which has no revision", fix="leave `revision` out")
        return ModelRef(name, None, folder)
    if revision is None and "@" in name:
        name, _, revision = name.partition("@")
    if not _HUB_ID.fullmatch(name):
        raise HarnessError(f"{name!r} is neither a folder, looked for at {folder}, nor an id on the Hub")
    return ModelRef(name, revision, None)


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no folder can have so long a name
        return False


def absolute(path: str, folder: Path) -> str:
    """A path, absolute: relative ones are taken from `folder`, `~` is the home folder."""
    try:
        given = Path(path).expanduser()
    except RuntimeError:
        given = Path(path)
    return str((folder / given).resolve())


def with_absolute_paths(options: Node, path_options: tuple[str, ...]) -> Node:
    """Options whose paths are absolute, each relative to what set it. An empty path stays empty."""
    return options.having(**{key: _absolute(options.keys[key]) for key in path_options if key in options.keys})


def _absolute(node: Node) -> Node:
    if isinstance(node.value, tuple):
        return replace(node, value=tuple(_absolute(item) for item in node.value))
    if isinstance(node.value, str) and node.value:
        return replace(node, value=absolute(node.value, node.place.folder))
    return node
