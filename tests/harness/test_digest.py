"""One text, and so one digest, for equal plain data; nothing else is let in."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.digest import Parts, canonical, changed_options, digest, file_digest, plain
from harness.errors import DataError


@dataclass(frozen=True)
class Inner:
    depth: int = 1


@dataclass(frozen=True)
class Options:
    beta: float = 0.1
    names: tuple[str, ...] = ()
    inner: Inner = field(default_factory=Inner)


@dataclass(frozen=True)
class Demanding:
    path: str
    beta: float = 0.1


def test_order_of_keys_and_form_of_sequences_do_not_matter():
    assert digest({"b": [1, 2], "a": None}) == digest({"a": None, "b": (1, 2)})
    assert digest({3, 1, 2}) == digest([1, 2, 3])
    assert digest(Options()) == digest({"beta": 0.1, "names": [], "inner": {"depth": 1}})


def test_values_that_differ_have_different_digests():
    values = [0, 1, 1.0, True, "1", None, "", [], {}, [1], ["1"], {"1": 1}, [[1]], 1e-300, -0.0]
    assert len({digest(value) for value in values}) == len(values)


def test_the_digest_is_the_same_in_every_process_and_stays_so():
    value = {"µ": [1.5, "ä"], "nested": {"b": True, "a": None}}
    assert canonical(plain(value)) == '{"nested":{"a":null,"b":true},"µ":[1.5,"ä"]}'
    code = f"from harness.digest import digest; print(digest({value!r}))"
    other = subprocess.run([sys.executable, "-X", "utf8", "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(value) == "9a92a959160782425ce31f4c425717bb"


@pytest.mark.parametrize("value", [math.nan, math.inf, object(), b"bytes", Options, {"a": {"b": [1j]}}])
def test_what_is_no_plain_data_is_refused(value: object):
    with pytest.raises(TypeError, match="is not plain data"):
        digest(value)


def test_only_options_that_differ_from_their_defaults_count():
    assert changed_options(Options()) == {}
    assert changed_options(Options(beta=0.1, inner=Inner(1))) == {}
    assert changed_options(Options(beta=0.2, inner=Inner(2))) == {"beta": 0.2, "inner": {"depth": 2}}


def test_an_option_without_a_default_always_counts():
    assert changed_options(Demanding("x")) == {"path": "x"}


def test_a_file_is_named_by_its_bytes(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"same")
    (tmp_path / "b").write_bytes(b"same")
    (tmp_path / "c").write_bytes(b"other")
    assert file_digest(tmp_path / "a") == file_digest(tmp_path / "b") == "0967115f2813a3541eaef77de9d9d577"
    assert file_digest(tmp_path / "c") != file_digest(tmp_path / "a")


def test_half_a_surrogate_pair_is_a_fault_of_the_data_that_names_the_text():
    with pytest.raises(DataError, match=r"half of a surrogate pair.*tell me \\ud83d"):
        digest([["user", "tell me \ud83d"]])


def test_parts_in_common_change_no_digest():
    shared, parts = {"a": [1, 2.5, None], "ü": 'say "no"'}, Parts()
    for n in range(3):
        whole = {"z": shared, "n": n, "text": f'{n} "é"', "on": True, "none": None, "share": 0.1, "list": [str(n)]}
        assert parts.digest(whole) == digest(whole)


def test_a_part_that_is_no_plain_data_is_refused():
    with pytest.raises(TypeError):
        Parts().digest({"a": float("nan")})
