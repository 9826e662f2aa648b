import io

import outcomes
import pytest
from rich.cells import cell_len
from rich.console import Console

from harness.render.gate_terminal import print_outcome


def shown(outcome, width=100, *, terminal=False):
    console = Console(
        file=io.StringIO(), width=width, force_terminal=terminal, color_system="standard" if terminal else None
    )
    print_outcome(outcome, console)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("outcome", "start"),
    [(outcomes.outcome(), "✓ core"), (outcomes.regression(), "✗ core"), (outcomes.unsaid(), "? core")],
)
def test_the_verdict_stands_last(outcome, start):
    assert shown(outcome, 1000).splitlines()[-1].startswith(start)


def test_the_worst_stands_nearest_to_it():
    text = shown(outcomes.regression())
    places = [
        text.index(told) for told in ("Tested, by metric", "Costs", "Moved", "Note:", "ledger:", "Lost", "Dropped")
    ]
    assert places == sorted(places)


def test_there_are_colours_on_a_terminal_alone():
    assert "\x1b[" in shown(outcomes.regression(), terminal=True)
    assert "\x1b[" not in shown(outcomes.regression())


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width):
    assert max(cell_len(line) for line in shown(outcomes.regression(), width).splitlines()) <= width
