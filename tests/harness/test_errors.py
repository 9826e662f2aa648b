"""An error says where, what is wrong and what to do, and nothing it does not know."""

from __future__ import annotations

import pickle

import pytest

from harness import errors
from harness.errors import HarnessError, SuiteError, Unavailable, nearest


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (HarnessError("it is wrong"), "it is wrong"),
        (HarnessError("it is wrong", where="core.yaml:3"), "core.yaml:3: it is wrong"),
        (HarnessError("it is wrong", fix="mend it"), "it is wrong\n  fix: mend it"),
        (SuiteError("it is wrong", fix="mend it", where="a:1"), "a:1: it is wrong\n  fix: mend it"),
    ],
)
def test_the_text_of_an_error(error: HarnessError, text: str):
    assert str(error) == text


def test_every_error_of_the_module_is_one_a_person_can_mend():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) == 7
    assert all(issubclass(kind, HarnessError) and kind.__name__ in (errors.__doc__ or "") for kind in kinds)


def test_an_error_crosses_a_process_border_whole():
    there = pickle.loads(pickle.dumps(Unavailable("no judge", fix="install one", where="alpaca")))
    assert isinstance(there, Unavailable)
    assert (there.problem, there.fix, there.where) == ("no judge", "install one", "alpaca")
    assert str(there) == "alpaca: no judge\n  fix: install one"


def test_the_nearest_known_name_is_given_only_where_one_is_near():
    assert nearest("dop", ["dpo", "sft"]) == "did you mean 'dpo'? known: dpo, sft"
    assert nearest("xyz", ["sft", "dpo"]) == "known: dpo, sft"
    assert nearest("dpo", []) == "known: none"
