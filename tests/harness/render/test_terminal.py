import io

import boards
import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.board import make_board
from harness.render.legend import Footnotes
from harness.render.metric_tables import main_table
from harness.render.terminal import fold, print_board


def shown(board, width=100, *, terminal=False):
    console = Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system="standard" if terminal else None
    )
    print_board(board, console)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_no_line_is_wider_than_the_terminal(width):
    text = shown(make_board(*boards.core(without=[("ddro", 2)])), width)
    assert max(cell_len(line) for line in text.splitlines()) <= width


@pytest.mark.parametrize("width", [80, 100, 120])
def test_numbers_are_whole_and_those_of_the_markdown(width):
    board = make_board(*boards.core(without=[("ddro", 2)]))
    text = shown(board, width)
    for line in main_table(board, Footnotes.of(board)).lines:
        for cell in line.cells[3:]:
            assert cell in text


def test_the_main_table_comes_last():
    text = shown(make_board(*boards.core()))
    assert text.index("Leaderboard: core") > text.index("Cost per seed") > text.index("preference ")


def test_no_colours_where_there_is_no_terminal():
    assert "\x1b" not in shown(make_board(*boards.core()))
    assert "\x1b[" in shown(make_board(*boards.core()), terminal=True)


@pytest.mark.parametrize("label", ["[bold red]x[/]", "[/]", "\x1b[31mred\x1b[0m", "a\nb", "\u202egnp", ":smile:"])
def test_hostile_labels_steer_nothing(label):
    manifest, records = boards.one_metric({"dpo": np.eye(3)})
    row = manifest.rows[0].model_copy(update={"label": label, "options": {label: label}})
    text = shown(make_board(manifest.model_copy(update={"rows": [row], "suite": label}), records))
    assert "\x1b" not in text
    assert "\u202e" not in text
    visible = label.replace("\x1b", "\ufffd").replace("\u202e", "\ufffd").replace("\n", " ")
    assert visible in text


def test_titles_are_broken_where_words_end():
    assert fold("truth/win_rate_behaviour ↑", 15) == "truth/win_rate_\nbehaviour ↑"
    assert fold("kl (nats)", 15) == "kl (nats)"
    assert fold("unbreakablemetricname", 5) == "unbreakablemetricname"


def test_a_run_of_which_nothing_is_there_can_be_shown():
    manifest, _ = boards.core()
    assert "No row has a figure" in shown(make_board(manifest, {}))
