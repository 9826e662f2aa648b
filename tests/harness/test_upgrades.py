import json

import boards
import pytest

from harness.errors import StoreError
from harness.records import SCHEMA_VERSION
from harness.upgrades import (
    BOARD_VERSION,
    newest_form,
    read_record,
    upgrade_board,
    upgrade_manifest,
    upgrade_record,
)


def test_what_this_release_wrote_is_read_as_it_is():
    manifest, records = boards.core(seeds=1, items=5)
    assert upgrade_manifest(manifest.model_dump(mode="json")) == manifest
    for record in records.values():
        assert upgrade_record(record.model_dump(mode="json")) == record


def test_a_record_read_from_bytes_is_the_one_read_from_plain_data():
    for record in boards.core(seeds=1, items=5)[1].values():
        data = record.model_dump(mode="json")
        assert read_record(record.model_dump_json(indent=1).encode()) == record
        assert read_record(json.dumps(data).encode()) == upgrade_record(data)


@pytest.mark.parametrize("change", [{"schema_version": SCHEMA_VERSION + 1}, {"schema_version": "1"}, {"cost": 3}])
def test_bytes_are_refused_as_their_plain_data_are(change):
    record = next(iter(boards.core(seeds=1, items=5)[1].values()))
    data = record.model_dump(mode="json") | change
    with pytest.raises(ValueError if "cost" in change else StoreError) as plain:
        upgrade_record(data)
    with pytest.raises(type(plain.value)) as read:
        read_record(json.dumps(data).encode())
    assert str(read.value) == str(plain.value)


def test_bytes_without_a_version_are_refused():
    data = next(iter(boards.core(seeds=1, items=5)[1].values())).model_dump(mode="json")
    del data["schema_version"]
    with pytest.raises(StoreError, match="whole number"):
        read_record(json.dumps(data).encode())


@pytest.mark.parametrize("read", [upgrade_record, upgrade_manifest])
def test_a_newer_form_is_refused_and_the_way_out_is_named(read):
    with pytest.raises(StoreError, match=rf"schema version {SCHEMA_VERSION + 1}; this release reads up to") as caught:
        read({"schema_version": SCHEMA_VERSION + 1, "something": "unknown"})
    assert "upgrade alignment-harness" in caught.value.fix


def test_a_newer_board_is_refused():
    with pytest.raises(StoreError, match="leaderboard has schema version"):
        upgrade_board({"schema_version": BOARD_VERSION + 1})


@pytest.mark.parametrize("version", [None, "1", True, 1.0])
def test_a_version_that_is_no_whole_number_is_refused(version):
    with pytest.raises(StoreError, match="whole number"):
        upgrade_record({"schema_version": version})


@pytest.mark.parametrize("version", [0, -3])
def test_a_version_that_no_release_wrote_is_refused(version):
    with pytest.raises(StoreError, match="no release wrote"):
        upgrade_record({"schema_version": version})


@pytest.mark.parametrize("data", [[], "text", None, 3])
def test_what_is_no_object_is_refused(data):
    with pytest.raises(StoreError, match="JSON object"):
        upgrade_board(data)


def test_old_forms_go_through_every_step():
    steps = {1: lambda form: {**form, "b": form["a"]}, 2: lambda form: {**form, "c": form["b"] + 1}}
    given = {"schema_version": 1, "a": 5}
    assert newest_form(given, steps, 3, "record") == {"schema_version": 3, "a": 5, "b": 5, "c": 6}
    assert newest_form({"schema_version": 3, "c": 0}, steps, 3, "record") == {"schema_version": 3, "c": 0}
    assert given == {"schema_version": 1, "a": 5}


def test_a_board_of_the_first_form_has_no_comparisons():
    form = upgrade_board({"schema_version": 1, "rows": [], "metrics": []})
    assert form["schema_version"] == BOARD_VERSION
    assert (form["comparisons"], form["groups"], form["problems"]) == ([], {}, [])


def test_the_first_boards_said_neither_what_a_row_is_nor_how_many_prompts_it_had():
    rows = [
        {"label": "dpo", "training": {"clip": 1.0}},
        {"label": "base", "training": {}},
        {"label": "x", "kind": "column"},
    ]
    form = upgrade_board({"schema_version": 1, "rows": rows})
    assert [(row["kind"], row["unsized"], row["prompts"]) for row in form["rows"]] == [
        ("method", "dpo", None),
        ("policy", "base", None),
        ("column", "x", None),
    ]
