"""A digest of the code that defines a plugin: its module, and what that imports from its own package.

The host itself is left out: what its numbers depend on is named by `harness.version.ENGINE`. Imports are read from the
source, also those inside functions, and nothing is imported to find them. What is named only at run time
(`importlib.import_module`) and what is no Python source is not seen; the distribution's version stands for it.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from harness.digest import digest, file_digest


def source_digest(module: str) -> str:
    """32 hexadecimal digits that change when the code behind a plugin changes."""
    return digest({name: file_digest(path) for name, path in source_files(module).items()})


def source_files(module: str) -> dict[str, Path]:
    """Module name to file: `module` and all it imports, directly or not, from its own top-level package.

    Importing `a.b.c` runs `a` and `a.b` as well, so they are included.
    """
    own = module.split(".")[0]
    found: dict[str, Path] = {}
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in seen or name.split(".")[0] != own:
            continue
        seen.add(name)
        waiting.append(name.rpartition(".")[0])
        path = _file(name)
        if path is not None:
            found[name] = path
            package = name if path.name == "__init__.py" else name.rpartition(".")[0]
            waiting += _imported(path.read_bytes(), package)
    return found


@cache  # plugins of one package import the same files
def _imported(content: bytes, package: str) -> tuple[str, ...]:
    """Absolute names of the modules, or of things in modules, that a source file of `package` imports."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError):
        return ()  # Not a file this Python can run, so it imports nothing here; its bytes still count.
    return tuple(_names(tree, package))


def _names(tree: ast.Module, package: str) -> Iterable[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package.split(".")
                base = ".".join([*parents[: len(parents) - node.level + 1], *([base] if base else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _file(module: str) -> Path | None:
    """The source file of an importable module; None for what is no module or has no Python source."""
    top, *inner = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:  # A module made without a spec, such as __main__.
        return None
    if spec is None:
        return None
    if not inner:
        return Path(spec.origin) if spec.origin is not None and spec.origin.endswith(".py") else None
    for folder in spec.submodule_search_locations or ():
        place = Path(folder).joinpath(*inner)
        for path in (place / "__init__.py", place.with_name(f"{place.name}.py")):
            if path.is_file():
                return path
    return None
