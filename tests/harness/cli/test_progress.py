import io

from rich.console import Console

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
