from pathlib import Path

import boards
import folders
import pytest

from harness.baseline_records import HistoryRecord
from harness.board import make_board
from harness.errors import HarnessError, StoreError
from harness.gate.history import write_history
from harness.report.read import history_of, read_results
from harness.store import Store


@pytest.fixture
def run():
    return boards.core(items=12)


def test_the_board_is_that_of_the_records(run, tmp_path):
    found = read_results([folders.written(tmp_path, *run)])
    assert found.board == make_board(*run)
    assert found.records == run[1]


@pytest.mark.parametrize(("where", "name"), [(".", "."), ("figures", ".."), ("figures", "../../core")])
def test_a_folder_is_found_from_within(run, tmp_path, monkeypatch, where, name):
    core = folders.written(tmp_path, *run)
    (core / "figures").mkdir()
    monkeypatch.chdir(core / where)
    assert read_results([Path(name)]).board == make_board(*run)


def test_several_folders_are_joined_and_their_files_found(run, tmp_path):
    manifest, records = run
    places = []
    for name, rows in (("a", manifest.rows[:4]), ("b", manifest.rows[4:])):
        of = {key: record for key, record in records.items() if any(c.digest == key for r in rows for c in r.cells)}
        places.append(folders.written(tmp_path / name, manifest.model_copy(update={"rows": rows}), of))
    log = next((tmp_path / "b" / "steps").glob("train * 0")) / "metrics.jsonl"
    log.write_text('{"step": 1, "loss": 0.5}\n')
    found = read_results(places)
    assert found.board == make_board(*run)
    assert [curve.quantities for curve in found.report().curves] == [{"loss": (0.5,)}]


def test_folders_that_do_not_belong_together_are_named(run, tmp_path):
    manifest, records = run
    one = folders.written(tmp_path / "a", manifest, records)
    other = folders.written(tmp_path / "b", manifest.model_copy(update={"suite": "smoke"}), records)
    with pytest.raises(HarnessError) as caught:
        read_results([one, other])
    assert str(one) in str(caught.value)
    assert str(other) in str(caught.value)


def test_the_history_is_that_of_the_first_results_folder_that_has_one(tmp_path):
    history = HistoryRecord(suite="core")
    write_history(history, tmp_path / "b" / "baselines" / "core.history.json")
    stores = [Store(tmp_path / "a"), Store(tmp_path / "b")]
    assert history_of(stores, "core") == history
    assert history_of(stores, "smoke") is None


def test_a_broken_history_is_named(run, tmp_path):
    found = read_results([folders.written(tmp_path, *run)])
    path = tmp_path / "baselines" / "core.history.json"
    path.parent.mkdir()
    path.write_text("{")
    with pytest.raises(StoreError, match=r"core\.history\.json"):
        found.report()


def test_a_run_of_which_nothing_is_there_can_be_reported(run, tmp_path):
    report = read_results([folders.written(tmp_path, run[0], {})]).report()
    assert (report.curves, report.samples, report.surroundings, report.history) == ((), (), (), None)
