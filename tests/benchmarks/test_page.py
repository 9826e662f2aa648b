import json
import os

import pytest
from benchmark import load

page = load("page")


@pytest.mark.parametrize("rows", [6, 9, 200])
def test_a_suite_has_as_many_rows_as_are_asked_for(tmp_path, rows):
    from harness import host
    from harness.suite import read_suite

    file = tmp_path / "many.yaml"
    file.write_text(json.dumps(page.suite_of(page.Shape(rows, 2, 3, 4, 5))))
    assert len(read_suite(str(file), registry=host.load()).rows) == rows


@pytest.mark.parametrize("count", [3, 8, 20, 40])
def test_metrics_are_shared_out_over_evaluators(count):
    found = page.metrics_of(count)
    assert sum(len(set(names)) for names in found.values()) == count


def test_every_step_of_an_invented_run_is_done_and_its_board_is_full(tmp_path, monkeypatch):
    from harness.board import make_board
    from harness.store import Store, digests_of, read_manifest

    monkeypatch.setattr(os, "fsync", os.fsync)  # what is invented turns it off
    shape = page.Shape(rows=7, seeds=2, metrics=7, items=6, steps=3)
    page.filled(tmp_path, shape)
    manifest = read_manifest(tmp_path / "results" / "many")
    board = make_board(manifest, Store(tmp_path / "results").records(digests_of(manifest)))
    assert [row.status for row in board.rows] == ["done"] * 7
    assert [row.label for row in board.rows if len(row.metrics) != 7] == ["oracle"]  # which has no drift
    assert {len(family.comparisons) for family in board.comparisons} == {5, 6}
    logs = list((tmp_path / "results" / "steps").glob("*/metrics.jsonl"))
    assert [len(log.read_text().splitlines()) for log in logs] == [3] * 10
    answers = list((tmp_path / "results" / "steps").glob("*/generations.jsonl"))
    assert {len(file.read_text().splitlines()) for file in answers} == {6}


FOUND = {
    "commands": [{"seconds": 12.0, "bytes": 10**6, "digest": "a"}, {"seconds": 9.0, "bytes": 10**6, "digest": "a"}]
}


def test_claims_that_do_not_hold_are_named():
    assert list(page.wrong(FOUND, limit=10, megabytes=15)) == []
    assert list(page.wrong(FOUND, limit=8, megabytes=0.5)) == [
        "the page takes more than 8 s",
        "the page has more than 0.5 MB",
    ]
    unlike = {"commands": [FOUND["commands"][0], {**FOUND["commands"][1], "digest": "b"}]}
    assert list(page.wrong(unlike, limit=10, megabytes=15)) == [
        "the second build is not that of the first, byte for byte"
    ]
