"""A digest of the code that defines a plugin: its module, and what that imports from its own package.

The host itself is left out: what its numbers depend on is named by `harness.version.ENGINE`.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterable
from pathlib import Path

from harness.digest import digest, file_digest


def _imported(tree: ast.AST, package: str) -> Iterable[str]:
    """Absolute names of the modules, or of things in modules, that a module of `package` imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parent = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*parent, base] if base else parent)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _file(module: str) -> Path | None:
    """The source file of an importable module; None for what is no module or has no Python source."""
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError, AttributeError):
        return None
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return None
    return Path(spec.origin)


def source_files(module: str) -> dict[str, Path]:
    """Module name to file: `module` and all it imports, directly or not, from its own top-level package."""
    own = module.split(".")[0]
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name.split(".")[0] != own:
            continue
        path = _file(name)
        if path is None:
            continue
        found[name] = path
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        waiting += _imported(ast.parse(path.read_bytes()), package)
    return found


def source_digest(module: str) -> str:
    """32 hexadecimal digits that change when the code behind a plugin changes."""
    return digest({name: file_digest(path) for name, path in source_files(module).items()})
