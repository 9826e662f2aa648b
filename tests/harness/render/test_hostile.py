"""Whatever a run is named, in every form of its board but HTML."""

import csv
import io
import json
import re
import unicodedata

import harmless
import hostile
import hostile_run
import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.board import make_board
from harness.render.board_json import json_text
from harness.render.markdown import markdown
from harness.render.table_csv import csv_text
from harness.render.terminal import print_board
from harness.render.text import one_line

TEXTS = list(hostile.TEXTS.values())
SOME = 7
"""Texts of one run: every one of them is a row, a metric, an item and a place in every table."""


@pytest.fixture(scope="module", params=range(0, len(TEXTS), SOME))
def texts(request):
    return TEXTS[request.param : request.param + SOME]


@pytest.fixture(scope="module")
def board(texts):
    return make_board(*hostile_run.run(texts))


def test_markdown_shows_texts_and_does_nothing_else_with_them(board):
    found = harmless.check_markdown(markdown(board))
    assert sum(t.type == "table_open" for t in found) > 10
    bold = harmless.strong(found)
    assert all(re.fullmatch(r"[A-Z][a-zA-Z ]+:", text) for text in bold), bold


def test_csv_has_a_cell_per_column_and_none_is_a_formula(board):
    text = csv_text(board)
    assert not harmless.steering(text)
    lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    assert len(lines) == sum(len(row.metrics) + len(row.skipped) for row in board.rows)
    assert {len(line) for line in lines} == {len(text.partition("\n")[0].split(","))}
    cells = {cell for line in lines for cell in line.values()}
    begins = {cell: unicodedata.normalize("NFKC", cell).strip()[:1] for cell in cells if not _is_number(cell)}
    assert not [cell for cell, first in begins.items() if first in {"=", "+", "-", "@"}]
    assert len({line["label"] for line in lines}) == len({one_line(row.label, 10**6) for row in board.rows})


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_the_terminal_shows_texts_and_obeys_none(board):
    console = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    print_board(board, console)
    plain = harmless.STYLE.sub("", console.file.getvalue())
    assert not harmless.steering(plain)
    assert max(cell_len(line) for line in plain.splitlines()) <= 100


def test_json_is_valid_and_tells_every_text_letter_by_letter(board, texts):
    found = json.loads(json_text(board).encode())
    assert set(texts) <= {row["label"] for row in found["rows"]}
    assert set(texts) <= {heading["unit"] for heading in found["metrics"]}
