import dataclasses
from pathlib import Path
from typing import get_args

import boards
import numpy as np
import pytest

from harness.board import (
    AgainPair,
    Board,
    BoardRow,
    Comparison,
    Family,
    Gap,
    Heading,
    Interval,
    Measure,
    RowCost,
    make_board,
)
from harness.board.board import Shared, Standing, Status
from harness.board.comparison import Verdict
from harness.board.make import INTERVAL
from harness.board.query import compare, plain
from harness.records import Published
from harness.render import read_board, write_board
from harness.render.table_csv import csv_text
from harness.statistics import Basis, Estimand, Formula

PAGE = (Path(__file__).parents[3] / "docs" / "results.md").read_text(encoding="utf-8")


NOUNS = [
    AgainPair, Board, BoardRow, Comparison, Family, Gap, Heading, Interval, Measure, Published, RowCost, Shared,
]  # fmt: skip


@pytest.mark.parametrize("noun", NOUNS)
def test_every_key_of_the_json_is_documented(noun):
    names = [f.name for f in dataclasses.fields(noun)] if dataclasses.is_dataclass(noun) else list(noun.model_fields)
    assert not [name for name in names if f"`{name}`" not in PAGE]


def test_every_word_that_a_board_may_say_is_documented():
    for word in [*get_args(Standing), *get_args(Status), *get_args(Basis), INTERVAL]:
        assert f"`{word}`" in PAGE, word
    for word in [*get_args(Verdict), *get_args(Formula), *get_args(Estimand)]:
        assert f"`{word}`" in PAGE, word


def test_every_key_that_compare_prints_is_documented():
    for key in plain(compare(*boards.core(items=10)).families)[0]:
        assert f"`{key.removeprefix('own_').removeprefix('pooled_')}`" in PAGE, key
    assert "`own_`" in PAGE
    assert "`pooled_`" in PAGE


def test_every_column_of_the_csv_is_documented():
    header = csv_text(make_board(*boards.one_metric({"dpo": np.eye(1, 3)}))).splitlines()[0]
    for column in header.split(","):
        assert f"`{column}`" in PAGE, column


def test_the_snippet_runs(tmp_path, capsys):
    write_board(make_board(*boards.one_metric({"dpo": np.eye(3)})), tmp_path)
    start = PAGE.index("    from pathlib import Path")
    code = "\n".join(line[4:] for line in PAGE[start:].split("\n\n`harness.render.stable_view`")[0].splitlines())
    exec(code.replace('Path("results/core")', f"Path({str(tmp_path)!r})"), {})
    assert capsys.readouterr().out.startswith("dpo best (")
    assert read_board(tmp_path).rows
