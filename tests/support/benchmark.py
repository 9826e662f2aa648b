"""Scripts of benchmarks/ as modules."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

FOLDER = Path(__file__).parents[2] / "benchmarks"


def load(script: str) -> ModuleType:
    """A script, under a name of its own: `coverage` is also that of a package. It finds the modules beside it."""
    name = f"benchmark_{script}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, FOLDER / f"{script}.py")
        assert spec
        assert spec.loader
        sys.modules[name] = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(FOLDER))
        try:
            spec.loader.exec_module(sys.modules[name])
        finally:
            sys.path.remove(str(FOLDER))
    return sys.modules[name]
