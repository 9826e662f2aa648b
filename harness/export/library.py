"""A tracker's own library, which only its extra installs."""

from __future__ import annotations

import importlib
from typing import Any

from harness.errors import HarnessError


def library(module: str, extra: str) -> Any:
    """A module of a library that not everybody has installed.

    Raises:
        HarnessError: it cannot be imported, with the extra that has it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise HarnessError(
            f"{module.partition('.')[0]} cannot be imported here: {error}",
            fix=f"pip install 'alignment-harness[{extra}]'",
            where=f"--to {extra}",
        ) from error
