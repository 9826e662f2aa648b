"""Everything the harness raises on purpose.

    HarnessError                what is wrong, where, and what to do about it
    |-- SuiteError              a suite file or a --set value is wrong
    |-- PluginError             an installed plugin cannot be used
    |-- DataError               the examples cannot be read or used
    |-- ModelError              a model or a tokenizer cannot be read or used
    |-- StoreError              the results folder cannot be read or written
    `-- Unavailable             this cannot be had here: the cell is skipped, not failed

A person can mend each of these, so the command line prints them as one paragraph without a
traceback. Any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class HarnessError(Exception):
    """Something a person can mend.

    Args:
        problem: what is wrong, as a clause without a full stop.
        fix: what to do, as an imperative; empty where nothing sensible can be said.
        where: `file:line`, an option's dotted name, or empty.
    """

    def __init__(self, problem: str, *, fix: str = "", where: str = "") -> None:
        self.problem, self.fix, self.where = problem, fix, where
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        remedy = f"\n  fix: {self.fix}" if self.fix else ""
        return f"{place}{self.problem}{remedy}"


class SuiteError(HarnessError):
    """A suite file, or a value given on the command line in its stead, is wrong."""


class PluginError(HarnessError):
    """An installed plugin cannot be used."""


class DataError(HarnessError):
    """The examples cannot be read, or lack what was asked of them."""


class ModelError(HarnessError):
    """A model or a tokenizer cannot be read or used."""


class StoreError(HarnessError):
    """The results folder cannot be read or written."""


class Unavailable(HarnessError):
    """What was asked for cannot be had here; the cell is recorded as skipped with this reason."""


def nearest(name: str, known: Iterable[str]) -> str:
    """One clause that lists what exists and names the closest match to `name`."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    listed = ", ".join(names) if names else "none"
    return f"did you mean {close[0]!r}? known: {listed}" if close else f"known: {listed}"
