"""Whatever rows are called and files hold, no command steers the terminal it writes to."""

import io

import harmless
import hostile
import hostile_run
import pytest
from rich.console import Console

from harness.cli.progress import BarReporter, LineReporter

TEXTS = [*hostile.TERMINAL.values(), *hostile.DIRECTION.values()]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return hostile_run.write(tmp_path_factory.mktemp("results"), TEXTS, metrics=4)


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "--baseline", TEXTS[0]),
        ("compare", "--baseline", "none\x1b[31m"),
        ("compare", "--metric", "none\x1b[31m"),
        ("check", "--baseline", "none\x1b[31m.json"),
        ("accept", "--message", "\x1b[31m"),
        ("leaderboard",),
    ],
    ids=" ".join,
)
def test_neither_tables_nor_errors_hold_what_steers(command, results, arguments):
    name, *rest = arguments
    _, out, err = command(name, results, *rest)
    assert out + err
    assert not harmless.steering(out + err)


def test_progress_shows_names_and_reasons_as_text(capsys):
    shown = io.StringIO()
    bars = BarReporter(Console(file=shown, force_terminal=True, width=200))
    for reporter in (bars, LineReporter()):
        reporter.begin(len(TEXTS))
        for text in TEXTS:
            reporter.step(text)(1, 2)
            reporter.say(text)
            reporter.ended(text, "failed", text, 0.1)
    bars.close()
    assert not harmless.steering(capsys.readouterr().err)
    assert not {"\x07", "\x9b", "\x9d", "\u202e", "\u2067"} & set(shown.getvalue())
    assert "\x1b]" not in shown.getvalue()
    assert "[bold red]x[/]" in shown.getvalue()
