from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SuiteError
from harness.suite import find_suite, list_suites


def test_shipped_suites_are_found_by_name() -> None:
    assert {"core", "smoke", "pairs"} <= list_suites().keys()
    assert find_suite("core") == list_suites()["core"]
    assert all(path.is_file() and path.suffix == ".yaml" for path in list_suites().values())


def test_a_file_comes_before_a_shipped_name_and_a_folder_does_not(write: Callable[..., Path], tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    write("a: 1")
    assert find_suite("core") == list_suites()["core"]
    assert find_suite("smoke") == list_suites()["smoke"]
    own = write("a: 1", "smoke")
    assert find_suite("smoke") == own


def test_a_path_may_be_relative_to_another_folder(write: Callable[..., Path]) -> None:
    path = write("a: 1", "there/mine.yaml")
    assert find_suite("mine.yaml", folder=path.parent) == path


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("smok", "'smok' is neither a file nor a shipped suite; shipped: did you mean 'smoke'? known: core"),
        ("gone.yaml", "'gone.yaml' is neither a file nor a shipped suite; shipped: known: core, "),
        (".", "'.' is a folder, not a suite file"),
        ("x" * 5000, "'xxx"),
        ("a\0b", "'a\\x00b' is neither a file"),
        ("~nobody-of-that-name/x.yaml", "'~nobody-of-that-name/x.yaml' is neither"),
    ],
)  # fmt: skip
def test_a_suite_that_is_not_there(reference: str, told: str) -> None:
    with pytest.raises(SuiteError) as caught:
        find_suite(reference)
    assert str(caught.value).startswith(told)
