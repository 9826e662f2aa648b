import os
from pathlib import Path

import pytest

from harness.errors import StoreError
from harness.records import Cost, Provenance, Record
from harness.store import RECORD, Store, read_manifest, root_of, write_atomically

WHERE = Provenance(started="2026-01-01T00:00:00+00:00", host={}, versions={}, plugins={})


def recorded(digest):
    return Record(kind="train", digest=digest, identity={}, payload=[], cost=Cost(seconds=1.0), provenance=WHERE)


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "results")
    made.prepare()
    for digest in ("a", "b"):
        with made.working_folder(digest) as folder:
            made.commit(recorded(digest), folder)
    (made.folder("begun")).mkdir()  # a folder without a record is no finished step
    return made


def test_finished_steps_are_those_with_a_record(store):
    assert store.finished(["b", "begun", "never", "a"]) == {"a", "b"}
    assert [store.done(digest) for digest in ("a", "begun", "never")] == [True, False, False]


def test_a_folder_that_is_not_there_holds_no_finished_step(tmp_path):
    assert Store(tmp_path / "none").finished(["a"]) == frozenset()
    assert Store(tmp_path / "none").records(["a"]) == {}


def test_the_folder_of_steps_is_read_once(store, monkeypatch):
    listed = []
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or real(path))
    store.finished(f"step {number}" for number in range(1000))
    assert len(listed) == 1


def test_records_are_of_finished_steps_alone_in_the_order_asked_for_and_once_each(store):
    found = store.records(["b", "never", "begun", "a", "b"])
    assert list(found) == ["b", "a"]
    assert found["a"] == recorded("a")
    assert found["b"] == store.record("b")


def test_a_record_that_is_not_there_is_named(store):
    with pytest.raises(StoreError, match="step begun has no record"):
        store.record("begun")


def test_a_record_that_is_cut_short_is_refused_by_name(store):
    path = store.folder("a") / RECORD
    path.write_bytes(path.read_bytes()[:50])
    for read in (lambda: store.record("a"), lambda: store.records(["a", "b"])):
        with pytest.raises(StoreError, match="the record of step a cannot be read") as caught:
            read()
        assert caught.value.where == str(path)


@pytest.mark.parametrize("content", [b"[" * 200_000, b"[]", b'{"schema_version": 99}', b"\xff", rb'"\ud800"'])
def test_whatever_is_wrong_with_a_file_it_is_named(store, content):
    (store.folder("a") / RECORD).write_bytes(content)
    with pytest.raises(StoreError) as caught:
        store.records(["a", "b"])
    assert str(store.folder("a") / RECORD) in str(caught.value)
    suite = store.root / "core"
    suite.mkdir()
    (suite / "run.json").write_bytes(content)
    with pytest.raises(StoreError) as caught:
        read_manifest(suite)
    assert str(suite / "run.json") in str(caught.value)
    assert caught.value.fix


def test_a_file_in_place_of_a_results_folder_is_no_results_folder(store):
    with pytest.raises(StoreError, match="holds no results of a suite") as caught:
        read_manifest(store.folder("a") / RECORD)
    assert "results/core" in caught.value.fix


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_write_that_is_broken_off_leaves_what_was_there_and_nothing_beside_it(tmp_path, monkeypatch, error):
    path = tmp_path / "board.md"
    write_atomically(path, "whole")

    def interrupted(handle):
        raise error

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises((KeyboardInterrupt, StoreError)):
        write_atomically(path, "half")
    assert path.read_text() == "whole"
    assert [found.name for found in tmp_path.iterdir()] == ["board.md"]


@pytest.mark.parametrize("name", [".", "sub/..", "../core"])
def test_the_results_folder_is_found_however_its_suite_is_named(tmp_path, monkeypatch, name):
    (tmp_path / "results/core/sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "results/core")
    assert root_of(Path(name)).resolve() == tmp_path / "results"
    assert root_of(tmp_path / "results/core") == tmp_path / "results"
