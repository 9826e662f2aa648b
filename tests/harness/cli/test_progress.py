import io
from types import SimpleNamespace

from rich.console import Console

from harness.cli import progress
from harness.cli.progress import BarReporter, LineReporter


def test_what_is_said_is_a_line_on_standard_error(capsys):
    LineReporter().say("80 comparisons [of 90] cost 3")
    assert capsys.readouterr() == ("", "80 comparisons [of 90] cost 3\n")


def test_what_is_said_stays_above_the_bars():
    shown = io.StringIO()
    reporter = BarReporter(Console(file=shown, force_terminal=True, width=80))
    reporter.begin(1)
    reporter.step("a step")(1, 2)
    reporter.say("80 comparisons [of 90] cost 3")
    reporter.ended("a step", "done", "", 0.1)
    reporter.close()
    assert "80 comparisons [of 90] cost 3\n" in shown.getvalue()


def test_off_a_terminal_a_long_step_tells_now_and_then_how_far_it_is(capsys, monkeypatch):
    now = iter([0, 1, 31, 32, 70])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(now)))
    reporter = LineReporter()
    reporter.begin(3)
    advance = reporter.step("train dpo")
    for done in (1, 1_200, 1_201, 2_500):
        advance(done, 3_000)
    assert capsys.readouterr().err.splitlines() == [
        "[1/3] train dpo: 1,200 of 3,000 (31 s)",
        "[1/3] train dpo: 2,500 of 3,000 (70 s)",
    ]


def test_steps_that_are_left_out_are_passed_by(capsys):
    reporter = LineReporter()
    reporter.begin(4)
    reporter.ended("fit", "failed", "why", 1)
    reporter.left_out(2)
    reporter.ended("base", "done", "", 1)
    assert capsys.readouterr().err.splitlines() == ["[1/4] failed fit (1.0 s): why", "[4/4] done base (1.0 s)"]


def test_each_step_in_hand_has_a_bar_of_its_own():
    shown = io.StringIO()
    reporter = BarReporter(Console(file=shown, force_terminal=True, width=80))
    reporter.begin(3)
    for _ in range(2):
        reporter.step("fit, two of one name")
    reporter.step("train dpo")(10, 20)
    reporter._progress.refresh()
    assert shown.getvalue().count("fit, two of one name") >= 2
    reporter.ended("fit, two of one name", "done", "", 0.1)
    reporter.ended("train dpo", "done", "", 0.1)
    assert [task.description for task in reporter._progress.tasks] == ["steps", "fit, two of one name"]
    reporter.close()
