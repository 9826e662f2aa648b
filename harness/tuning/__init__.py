"""Tuning rows under equal budgets, on the validation split, before a suite is run."""

from harness.tuning.record import read_record, snippet
from harness.tuning.tune import Tuned, folder_name, tuned

__all__ = ["Tuned", "folder_name", "read_record", "snippet", "tuned"]
