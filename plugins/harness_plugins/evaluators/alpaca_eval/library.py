"""The alpaca-eval library, imported and called without what it does to the rest of the process."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import harness


@cache
def library() -> ModuleType:
    """The package, imported once: it takes seconds.

    Raises:
        Unavailable: it cannot be imported here.
    """
    found = os.environ.get("PYTHON_DOTENV_DISABLED")
    os.environ["PYTHON_DOTENV_DISABLED"] = "1"  # on import it would read any .env file above site-packages
    try:
        with quiet():
            import alpaca_eval
    except (ImportError, KeyError) as error:  # KeyError: it asks for the name of the user, who may have none
        raise harness.Unavailable(
            f"alpaca-eval cannot be imported: {type(error).__name__}: {error}",
            fix="install alpaca-eval, and setuptools<81, which it needs; where the user has no name, set LOGNAME",
        ) from error
    finally:
        os.environ.pop("PYTHON_DOTENV_DISABLED")
        if found is not None:
            os.environ["PYTHON_DOTENV_DISABLED"] = found
    return alpaca_eval


def library_version() -> str:
    """As installed."""
    return version("alpaca-eval")


def configurations() -> Path:
    """The folder of the annotators that the library ships. Nothing is imported for it.

    Raises:
        Unavailable: the library is not installed.
    """
    spec = find_spec("alpaca_eval")
    if spec is None or spec.origin is None:
        raise harness.Unavailable("the package alpaca_eval is not installed", fix="pip install alpaca-eval")
    return Path(spec.origin).parent / "evaluators_configs"


@contextmanager
def quiet() -> Generator[None]:
    """The library logs through the root logger, which it also reconfigures; here it does neither."""
    root = logging.getLogger()
    level, mute = root.level, logging.NullHandler()
    root.addHandler(mute)  # where there is no handler, logging.info() would add one for good
    root.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.setLevel(level)
        root.removeHandler(mute)
