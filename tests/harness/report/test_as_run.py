import boards
import pytest

from harness import host
from harness.report.as_run import as_run
from harness.suite import read_suite
from harness.suite.problems import Problems
from harness.suite.yaml_lines import read_yaml


@pytest.fixture
def again(tmp_path):
    """What `harness run` reads of a suite that was written as it was run."""

    def read(suite):
        path = tmp_path / "again.yaml"
        path.write_text(as_run(boards.manifest([], [], as_run=suite)), encoding="utf-8")
        problems = Problems()
        found = read_yaml(path, problems)
        problems.raise_any()
        return found.plain

    return read


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -3, 2**70, 0.1, 1e-5, 1e300, 1.0, "", "plain", "two\nlines\n", " edges ", "yes", "on", "null",
        "~", "1", "1e5", "0o17", "0x1f", "-.5", "1_000", "12:30:45", "2001-01-01", "=", "<<", "*a", "&a", "!tag",
        "- a", "a: b", "# a", "{a}", "'", '"', "\\", "日本語", "\u202e", "\x1b[31m", "\u2028", "\ufeff", "x" * 300,
        ".inf", [], {}, [1, [2, {"a": []}]],
    ],
)  # fmt: skip
def test_every_value_is_read_as_it_was(again, value):
    suite = {"data": {"source": "world", "value": value}, "list": [value, value], "last": 1}
    found = again(suite)
    assert found == suite
    assert type(found["data"]["value"]) is type(value)


def test_what_does_not_print_is_written_as_an_escape():
    text = as_run(boards.manifest([], [], as_run={"description": "a\u202eb\x1b[31m", "name": "é"}))
    assert text.replace("\n", "").isprintable()


def test_letters_beyond_ascii_are_written_as_they_are():
    assert "日本語" in as_run(boards.manifest([], [], as_run={"description": "日本語"}))


def test_keys_keep_their_order_and_lists_that_are_one_object_are_written_twice():
    seeds = [0, 1]
    text = as_run(
        boards.manifest([], [], as_run={"seeds": seeds, "budget": {"prompts": 1, "batch": 2}, "again": seeds})
    )
    assert text.splitlines() == [
        "seeds:", "- 0", "- 1", "budget:", "  prompts: 1", "  batch: 2", "again:", "- 0", "- 1",
    ]  # fmt: skip


def test_a_shipped_suite_as_it_was_run_is_the_same_suite(tmp_path):
    registry = host.load()
    suite = read_suite("pairs", registry=registry, sets=["data.path=pairs.jsonl", "model=tiny"])
    path = tmp_path / "pairs.yaml"
    path.write_text(as_run(boards.manifest([], [], as_run=suite.as_run)), encoding="utf-8")
    assert read_suite(str(path), registry=registry).as_run == suite.as_run
