from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import SuiteError
from harness.suite.node import Node, Place
from harness.suite.problems import Problems
from harness.suite.yaml_lines import MOST_BYTES, parse, read_yaml, shown


def at(line: int) -> Place:
    return Place("file.yaml", line, Path("/folder"))


def nodes(text: str) -> Node:
    problems = Problems()
    node = parse(text, at, problems)
    problems.raise_any()
    return node


def refusal(text: str) -> str:
    with pytest.raises(SuiteError) as caught:
        nodes(text)
    return str(caught.value)


def test_a_value_stands_at_the_line_of_its_key_and_an_item_at_its_own() -> None:
    root = nodes("a: 1\nb:\n\n  c: x\n  d:\n    - 1\n    - e: 2\n\n      f: >\n        folded\n        text\n")
    assert root.plain == {"a": 1, "b": {"c": "x", "d": [1, {"e": 2, "f": "folded text\n"}]}}
    lines = {key: root.at(*key).place.line for key in [("a",), ("b",), ("b", "c"), ("b", "d", 0), ("b", "d", 1, "f")]}
    assert lines == {("a",): 1, ("b",): 2, ("b", "c"): 4, ("b", "d", 0): 6, ("b", "d", 1, "f"): 9}
    assert root.at("b", "d", 1, "e").place.where == "file.yaml:7"


def test_anchors_stand_for_their_value_and_keep_the_line_that_set_it() -> None:
    root = nodes("a: &one\n  x: 1\nb: *one\n")
    assert root.plain == {"a": {"x": 1}, "b": {"x": 1}}
    assert root.at("b").place.line == 3
    assert root.at("b", "x").place.line == 2


def test_keys_are_their_text_whatever_it_would_mean_as_a_value() -> None:
    assert nodes("on: 1\n1: 2\nnull: 3\n1e-4: 4").plain == {"on": 1, "1": 2, "null": 3, "1e-4": 4}


def test_quoted_words_are_text() -> None:
    assert nodes('a: "1e-4"\nb: \'true\'\nc: |\n  1\nd: ""').plain == {"a": "1e-4", "b": "true", "c": "1\n", "d": ""}


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "\ufeff"])
def test_no_content_is_null(text: str) -> None:
    assert nodes(text).value is None


def test_a_duplicate_key_is_named_with_both_lines_and_reading_goes_on() -> None:
    problems = Problems()
    assert parse("a: 1\nb: 2\na: 3\n", at, problems).plain == {"a": 1, "b": 2}
    with pytest.raises(SuiteError, match=r"^file.yaml:3: the key 'a' stands here a second time, after file.yaml:1$"):
        problems.raise_any()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "a:\n\t- b",
            "file.yaml:2: not YAML: found character '\\t' that cannot start any token\n  fix: indent with spaces",
        ),
        ("a: 1\nb: [1, 2", "file.yaml:2: not YAML: expected ',' or ']'"),
        (
            "a: b: c",
            "file.yaml:1: not YAML: mapping values are not allowed here\n  fix: put text that holds `: ` in quotes",
        ),
        ("a: 1\n b: 2", "file.yaml:2: not YAML"),
        ("a: 'open", "file.yaml:1: not YAML"),
        ("a: 1\n---\nb: 2", "file.yaml:2: a second document starts here; a suite is one"),
        (
            "a: 1\nb: !!python/object:os.system ls",
            "file.yaml:2: the tag 'tag:yaml.org,2002:python/object:os.system' is not",
        ),
        (
            "a: !!python/object/apply:os.system [ls]",
            "file.yaml:1: the tag 'tag:yaml.org,2002:python/object/apply:os.system'",
        ),
        (
            "a: !!str 1",
            "file.yaml:1: the tag 'tag:yaml.org,2002:str' is not read\n  fix: leave tags out; put text in quotes",
        ),
        ("a: !local {b: 1}", "file.yaml:1: the tag '!local' is not read"),
        ("a: !x!y 1", "file.yaml:1: not YAML: found undefined tag handle"),
        ("!!str a: 1", "file.yaml:1: the tag 'tag:yaml.org,2002:str' is not read"),
        ("? [a, b]\n: c", "file.yaml:1: a key must be a plain word"),
        ("{a: 1}: c", "file.yaml:1: a key must be a plain word"),
        ("a: 1\nb: *a", "file.yaml:2: the alias *a names no anchor that ends above it"),
        ("a: &a [1, *a]", "file.yaml:1: the alias *a names no anchor that ends above it"),
        ("a: &a {b: 1}\n<<: *a", "file.yaml:2: merge keys (<<) are not part of YAML 1.2"),
        ("a: 1\nb: .inf", "file.yaml:2: .inf is not a finite number"),
        ('a: "\\ud800"', "file.yaml:1: half of a surrogate pair is not a character"),
        ('a: "\\0"', "file.yaml:1: the character U+0000 may not stand in a suite"),
        ("a: 1\nb: \x07", "file.yaml:2: the character U+0007 may not stand in a suite"),
        ('a: "\\UFFFFFFFF"', "file.yaml:1: an escape in quotes here or below names no character"),
        ("a: 1\nb: " + "[" * 5000, "file.yaml:2: is nested deeper than 32 levels"),
        ("{a: " * 40, "file.yaml:1: is nested deeper than 32 levels"),
        ("%YAML 2.0\n---\na: 1", "file.yaml:1: not YAML: found incompatible YAML document"),
    ],
)
def test_what_has_no_single_reading_is_refused_at_its_line(text: str, told: str) -> None:
    assert refusal(text).startswith(told)


def test_all_that_is_refused_is_told_at_once() -> None:
    told = refusal("a: .inf\nb: !x 1\nc: 1\nc: 2\nd: *e\n")
    assert [line.split(": ")[0].strip() for line in told.splitlines() if "file.yaml" in line[:14]] == [
        "file.yaml:1",
        "file.yaml:2",
        "file.yaml:4",
        "file.yaml:5",
    ]


def test_an_alias_bomb_is_refused_before_it_is_expanded() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    assert refusal("\n".join(lines)) == "file.yaml:5: holds more than 50,000 values once its aliases are expanded"


def test_a_large_file_of_values_is_refused() -> None:
    assert "holds more than 50,000 values" in refusal("a: [" + "1," * 60_000 + "]")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a: 1\nb: \xff\n", "broken.yaml:2: byte 8 (0xff) is not UTF-8\n  fix: save the file as UTF-8"),
        ("a: 1".encode("utf-16"), "broken.yaml:1: byte 0 (0xff) is not UTF-8"),
        (b"a: 1\n" + b"#" * MOST_BYTES, "broken.yaml: is larger than 1,000,000 bytes"),
    ],
)
def test_files_that_are_no_text_of_a_suite(write: Callable[..., Path], content: bytes, told: str) -> None:
    path = write(content, "broken.yaml")
    with pytest.raises(SuiteError) as caught:
        read_yaml(path, Problems())
    assert str(caught.value).startswith(told)


def test_a_byte_order_mark_is_no_part_of_the_text(write: Callable[..., Path]) -> None:
    assert read_yaml(write(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n"), Problems()).plain == {"a": 1, "b": 2}


def test_a_file_below_the_working_folder_is_shown_relative_to_it(write: Callable[..., Path]) -> None:
    assert shown(write("a: 1", "folder/a.yaml")) == "folder/a.yaml"
    assert shown(Path("/elsewhere/a.yaml")) == "/elsewhere/a.yaml"


def test_relative_paths_written_in_a_file_start_from_its_folder(write: Callable[..., Path]) -> None:
    path = write("a: 1", "folder/a.yaml")
    assert read_yaml(path, Problems()).at("a").place.folder == path.parent
