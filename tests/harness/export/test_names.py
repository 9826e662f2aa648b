import re

import pytest

from harness.export.names import FOLDERS, PATHS, Alphabet, legal

MLFLOW = re.compile(r"^[/\w.\- :]*$")


def test_names_that_are_allowed_stay():
    names = {"a": "truth/win_rate_base", "b": "train/loss", "c": "option.base.options.beta"}
    assert legal(names, PATHS) == names


def test_a_subset_stays_readable():
    assert legal({"x": "preference/accuracy[length: longer]"}, PATHS) == {"x": "preference/accuracy_length: longer"}


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../../x", "..x", "/x", "x/", "a//b", "a/./b", " x ", "a\x00b", "\ud800", "é", "x" * 999]
)
@pytest.mark.parametrize("alphabet", [PATHS, FOLDERS])
def test_no_name_leaves_its_place(name, alphabet):
    found = legal({"x": name}, alphabet)["x"]
    assert found
    assert not alphabet.illegal.search(found)
    assert len(found) <= alphabet.longest
    parts = found.split("/")
    assert all(part and not part.startswith("..") and part != "." for part in parts)
    assert len(parts) == 1 or alphabet is PATHS


def test_names_that_would_be_alike_stay_apart():
    names = [*"<>[]{}", "_", "a<b", "a>b", "a_b", "DPO", "dpo", "Dpo", "x" * 300, "x" * 301, "", ".", "..", "é", "è"]
    found = legal({name: name for name in names}, PATHS)
    assert len({name.casefold() for name in found.values()}) == len(names)
    assert (found["_"], found["a_b"], found["DPO"]) == ("_", "a_b", "DPO")


def test_what_keeps_its_name_does_not_depend_on_what_else_there_is():
    alone = legal({"b": "a>b"}, PATHS)
    beside = legal({"a": "a<b", "b": "a>b", "c": "a_b"}, PATHS)
    again = legal({"c": "a_b", "a": "a<b", "b": "a>b"}, PATHS)
    assert alone == {"b": "a_b"}
    assert beside == again
    assert beside["c"] == "a_b"


def test_a_name_that_looks_like_one_that_was_changed_keeps_it():
    changed = legal({"a": "x_y", "b": "x?y"}, PATHS)["b"]
    found = legal({"a": "x_y", "b": "x?y", "c": changed}, PATHS)
    assert found["c"] == changed
    assert len(set(found.values())) == 3


def test_a_short_alphabet_is_enough():
    tiny = Alphabet(re.compile("[^a-z]"), 20)
    names = {str(n): "x" * 30 + str(n) for n in range(50)}
    assert len(set(legal(names, tiny).values())) == 50
    assert all(len(name) <= 20 for name in legal(names, tiny).values())
