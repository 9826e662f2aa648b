"""Suites: YAML files that say what is compared, read strictly."""

from harness.suite.find import find_suite, list_suites
from harness.suite.json_schema import json_schema
from harness.suite.options import configure
from harness.suite.read import read_suite
from harness.suite.suite import EvaluatorEntry, ModelRef, Row, Suite

__all__ = [
    "EvaluatorEntry",
    "ModelRef",
    "Row",
    "Suite",
    "configure",
    "find_suite",
    "json_schema",
    "list_suites",
    "read_suite",
]
