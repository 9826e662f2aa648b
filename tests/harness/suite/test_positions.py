from __future__ import annotations

from pathlib import Path

from harness.suite.node import Place, node_of
from harness.suite.positions import known_keys
from harness.suite.schema import PolicyRow, SuiteFile
from harness.training import Budget, Lora, Training


def test_the_keys_that_may_stand_at_every_depth() -> None:
    assert known_keys(SuiteFile, ()) == sorted(SuiteFile.model_fields)
    assert known_keys(SuiteFile, ("budget",)) == sorted(Budget.model_fields)
    assert known_keys(SuiteFile, ("methods", 3, "MethodRow")) == [
        "init",
        "label",
        "method",
        "options",
        "seeds",
        "training",
        "tune",
    ]
    assert known_keys(SuiteFile, ("methods", 0, "PolicyRow")) == sorted(PolicyRow.model_fields)
    assert known_keys(SuiteFile, ("methods", 0, "ColumnRow")) == ["column", "label", "options", "seeds"]
    assert known_keys(SuiteFile, ("methods", 0, "MethodRow", "training")) == sorted(Training.model_fields)
    assert known_keys(SuiteFile, ("methods", 0, "MethodRow", "training", "lora")) == sorted(Lora.model_fields)


def test_a_place_is_that_of_the_deepest_part_that_is_there() -> None:
    root = node_of({"a": [1]}, Place("file", 1, Path()))
    assert root.at("a", 0).plain == 1
    assert root.at("a", "Branch", 0).plain == 1
    assert root.at("a", 5).plain == [1]
    assert root.at("b", "c") is root
    assert root.at("a", -1).plain == [1]
