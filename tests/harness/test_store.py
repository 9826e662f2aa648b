import os

import pytest

from harness.errors import StoreError
from harness.records import Cost, Provenance, Record
from harness.store import RECORD, Store

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
