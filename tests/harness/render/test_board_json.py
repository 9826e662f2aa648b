import dataclasses
import json

import boards
import numpy as np
import pytest

from harness.board import make_board
from harness.errors import StoreError
from harness.records import Cost
from harness.render import read_board, stable_view, write_board
from harness.render.board_json import json_text, plain_board
from harness.render.markdown import markdown
from harness.upgrades import BOARD_VERSION

ROW_KEYS = {"method", "label", "options", "training", "status", "reason", "cost", "metrics"}
METRIC_KEYS = {"mean", "stderr", "ci95", "n", "unit", "higher_is_better", "per_seed"}


@pytest.fixture
def board():
    return make_board(*boards.core(without=[("ddro", 2)]))


def test_the_promised_keys_are_there(board):
    data = json.loads(json_text(board))
    assert {"suite", "schema_version", "rows"} <= set(data)
    assert data["schema_version"] == BOARD_VERSION
    for row in data["rows"]:
        assert set(row) >= ROW_KEYS
        for metric in row["metrics"].values():
            assert set(metric) >= METRIC_KEYS


def test_seeds_are_keys_and_rows_without_seeds_have_null(board):
    rows = {row["label"]: row for row in plain_board(board)["rows"]}
    assert set(rows["dpo"]["metrics"]["preference/accuracy"]["per_seed"]) == {"0", "1", "2"}
    assert rows["base"]["metrics"]["preference/accuracy"]["per_seed"] is None


def test_what_is_not_filled_stands_under_skipped_with_its_reason(board):
    rows = {row["label"]: row for row in plain_board(board)["rows"]}
    assert "drift/kl" not in rows["oracle"]["metrics"]
    assert rows["oracle"]["skipped"]["drift/kl"] == {"state": "skipped", "reason": "the oracle has no language model"}


def test_the_text_is_that_of_the_standard_library(board):
    named = dataclasses.replace(board, description='a "quoted"\nline \u2028 of ünicode\t\\', problems=("", "é"))
    for one in (board, named):
        assert json_text(one) == json.dumps(plain_board(one), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def test_the_same_run_gives_the_same_bytes():
    first, second = (json_text(make_board(*boards.core(without=[("ddro", 2)]))) for _ in range(2))
    assert first == second


def test_a_board_survives_the_disk(board, tmp_path):
    write_board(board, tmp_path)
    assert read_board(tmp_path) == board
    assert read_board(tmp_path / "leaderboard.json") == board


def test_files_are_replaced_whole_and_nothing_else_is_left(board, tmp_path):
    (tmp_path / "leaderboard.md").write_text("old")
    write_board(board, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["leaderboard.csv", "leaderboard.json", "leaderboard.md"]
    assert (tmp_path / "leaderboard.md").read_text(encoding="utf-8").startswith("# Leaderboard: core")


def test_a_folder_that_cannot_be_written_is_an_error_to_mend(board, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot be written"):
        write_board(board, tmp_path / "file")


def test_the_stable_view_forgets_times_and_memory_and_nothing_else(board):
    manifest, records = boards.core(without=[("ddro", 2)])
    slower = {
        name: r.model_copy(
            update={"cost": r.cost.model_copy(update={"seconds": 99.0, "cpu_seconds": 98.0, "peak_bytes": 97})}
        )
        for name, r in records.items()
    }
    again = plain_board(make_board(manifest, slower))
    assert again != plain_board(board)
    assert stable_view(again) == stable_view(plain_board(board))
    more = {name: r.model_copy(update={"cost": Cost(prompts=1)}) for name, r in records.items()}
    assert stable_view(plain_board(make_board(manifest, more))) != stable_view(plain_board(board))
    assert again["rows"][0]["cost"]["train"]["seconds"] > 0


def test_a_newer_board_is_refused(board, tmp_path):
    data = {**plain_board(board), "schema_version": BOARD_VERSION + 1}
    (tmp_path / "leaderboard.json").write_text(json.dumps(data))
    with pytest.raises(StoreError, match="schema version"):
        read_board(tmp_path)


@pytest.mark.parametrize("text", ["", "{", '{"schema_version": 1}'])
def test_a_broken_board_is_an_error_that_names_the_file(tmp_path, text):
    (tmp_path / "leaderboard.json").write_text(text)
    with pytest.raises(StoreError, match=r"leaderboard\.json cannot be read"):
        read_board(tmp_path)


def test_a_folder_without_a_board_says_so(tmp_path):
    with pytest.raises(StoreError, match="there is no"):
        read_board(tmp_path)


def test_numbers_are_never_nan():
    board = make_board(*boards.one_metric({"dpo": np.zeros((3, 1))}))
    assert "NaN" not in json_text(board)
    assert plain_board(board)["rows"][0]["metrics"]["truth/score"]["ci95"] is None


def test_a_board_of_an_earlier_release_is_read(board, tmp_path):
    data = plain_board(board)
    for added in ("comparisons", "groups", "problems"):
        del data[added]
    for heading in data["metrics"]:
        del heading["subset"], heading["of"]
    for row in data["rows"]:
        del row["again"], row["control"], row["group"], row["beaten_by"]
    (tmp_path / "leaderboard.json").write_text(json.dumps({**data, "schema_version": 1}))
    found = read_board(tmp_path)
    assert found.schema_version == BOARD_VERSION
    assert [row.label for row in found.rows] == [row.label for row in board.rows]
    assert found.comparisons == ()
    assert "Against" not in markdown(found)
