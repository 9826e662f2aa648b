"""What lm-eval does to the process it runs in, kept inside: log lines, progress bars, prints, random states.

And what it does slowly, done faster with the same result.
"""

from __future__ import annotations

import contextlib
import functools
import io
import logging
import random
import warnings
from collections.abc import Generator
from typing import Any
from unittest import mock

import datasets
import lm_eval.api.metrics
import lm_eval.utils
import numpy as np
import torch
import tqdm
import transformers

from harness_plugins.evaluators.lm_eval.bootstrap import bootstrap_stderr


class Heard(logging.Handler):
    """Collects lm-eval's warnings instead of printing them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warnings: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        self.warnings.append(record.getMessage())

    @property
    def truncations(self) -> int:
        """Warnings that a prompt was too long: one for each scored text, one for each batch of generations."""
        return sum(w.startswith(("Combined length of context", "Left truncation applied")) for w in self.warnings)


@contextlib.contextmanager
def quiet() -> Generator[Heard]:
    """Nothing on the terminal: standard error stays untouched, since the harness shows its own progress there."""
    heard, logger = Heard(), logging.getLogger("lm_eval")
    handlers, propagate, level = logger.handlers, logger.propagate, logger.level
    verbosity, bars = transformers.logging.get_verbosity(), datasets.is_progress_bar_enabled()
    made = tqdm.tqdm.__init__

    def silent(bar: tqdm.tqdm[Any], *given: Any, **options: Any) -> None:
        made(bar, *given, **options | {"disable": True})  # whatever the caller says: some insist on a bar

    try:
        logger.handlers, logger.propagate = [heard], False
        logger.setLevel(logging.WARNING)
        transformers.logging.set_verbosity_error()
        datasets.disable_progress_bars()
        with (
            mock.patch.object(tqdm.tqdm, "__init__", silent),
            contextlib.redirect_stdout(io.StringIO()),
            warnings.catch_warnings(action="ignore"),
        ):
            yield heard
    finally:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)
        transformers.logging.set_verbosity(verbosity)
        if bars:
            datasets.enable_progress_bars()


@contextlib.contextmanager
def seeded(python: int, numpy: int, pytorch: int) -> Generator[None]:
    """Global random states as lm-eval's command sets them; afterwards as they were."""
    before = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        random.seed(python)
        np.random.seed(numpy)
        torch.manual_seed(pytorch)
        try:
            yield
        finally:
            random.setstate(before[0])
            np.random.set_state(before[1])


@contextlib.contextmanager
def faster() -> Generator[None]:
    """lm-eval compiles a task's templates anew for each document, and forks processes for each bootstrap."""
    templates = lm_eval.utils.env
    with (
        mock.patch.object(templates, "from_string", functools.cache(templates.from_string)),
        mock.patch.object(lm_eval.api.metrics, "bootstrap_stderr", bootstrap_stderr),
    ):
        yield
