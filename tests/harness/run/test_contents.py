"""What options name enters identities by its content."""

from dataclasses import dataclass, field
from typing import ClassVar

import pytest
import tiny
import toy
from harness_plugins.columns.reference import Reference

import harness
from harness.engine import loading
from harness.errors import DataError, ModelError
from harness.run.contents import Contents, columns_in, named_model, path_digest, read
from harness.suite import ModelRef


@dataclass(frozen=True)
class Sorted(harness.Column):
    name: ClassVar[str] = "sorted"
    source: ClassVar[str] = "test"
    path_options: ClassVar[tuple[str, ...]] = ("words", "more")
    model_options: ClassVar[tuple[str, ...]] = ("encoder",)
    words: str = ""
    more: tuple[str, ...] = ()
    encoder: str = ""
    rate: float = 1.0

    def compute(self, examples, bench):
        raise NotImplementedError


def identity(column):
    return read(column, Contents()).options(column)


def test_options_at_their_default_stay_out():
    assert identity(Sorted()) == {}
    assert identity(Sorted(rate=2.0)) == {"rate": 2.0}


def test_a_file_is_its_bytes(tmp_path):
    (tmp_path / "a").write_text("w1")
    (tmp_path / "b").write_text("w1")
    (tmp_path / "c").write_text("w2")
    a, b, c = (identity(Sorted(words=str(tmp_path / name))) for name in "abc")
    assert a == b != c
    assert str(tmp_path) not in str(a)


def test_several_files_are_told_apart_by_their_order(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    a, b = str(tmp_path / "a"), str(tmp_path / "b")
    assert identity(Sorted(more=(a, b))) != identity(Sorted(more=(b, a)))


def test_a_folder_is_its_files_under_their_names(tmp_path):
    folder, other = tmp_path / "one", tmp_path / "two"
    for each in (folder, other):
        (each / "deep").mkdir(parents=True)
        (each / "deep" / "a.txt").write_text("w1")
    assert path_digest(folder) == path_digest(other)
    (other / ".hidden").write_text("x")
    for name in (".git", "__pycache__"):
        (other / "deep" / name).mkdir()
        (other / "deep" / name / "a.cpython-311.pyc").write_text("made by an import")
    assert path_digest(folder) == path_digest(other)
    (other / "deep" / "a.txt").rename(other / "deep" / "b.txt")
    assert path_digest(folder) != path_digest(other)


def test_what_is_not_there(tmp_path):
    with pytest.raises(DataError, match="gone is neither a file nor a folder"):
        read(Sorted(words=str(tmp_path / "gone")), Contents())
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"config\.json"):
        read(Sorted(encoder=str(tmp_path / "empty")), Contents())


def test_a_model_is_its_fingerprint_wherever_it_lies(tmp_path):
    model = tiny.language_model()
    for name in ("here", "there"):
        loading.save(model, tmp_path / name)
    here, there = Sorted(encoder=str(tmp_path / "here")), Sorted(encoder=str(tmp_path / "there"))
    assert identity(here) == identity(there)
    assert read(here, Contents()).folders == {here.encoder: tmp_path / "here"}


def test_an_id_on_the_hub_is_no_folder_of_the_working_folder(tmp_path, monkeypatch):
    (tmp_path / "someone" / "tiny").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert named_model("someone/tiny@v1") == ModelRef("someone/tiny", "v1", None)
    assert named_model("someone/tiny") == ModelRef("someone/tiny", None, None)


def test_the_content_of_a_default_is_identity_too(tmp_path):
    (tmp_path / "words").write_text("w1")

    @dataclass(frozen=True)
    class Ready(Sorted):
        words: str = str(tmp_path / "words")

    before = identity(Ready())
    (tmp_path / "words").write_text("w2")
    assert before != identity(Ready()) != {}


def test_an_option_may_be_nothing():
    assert read(Sorted(words=None, encoder=None), Contents()) == Contents()


def test_columns_are_found_among_options_and_what_is_read():
    @dataclass(frozen=True)
    class Wrapped(toy.Tasteful):
        base: harness.Method = field(default_factory=lambda: toy.Tasteful(reward=toy.Taste(scale=2.0)))

    found = columns_in(Wrapped(), toy.registry().columns)
    assert found == [toy.Taste(), Reference(), toy.Taste(scale=2.0)]
