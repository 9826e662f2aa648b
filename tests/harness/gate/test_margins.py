import math

import pytest

from harness.errors import HarnessError
from harness.gate.margins import Margins, Settings


def test_margins_by_default():
    assert Margins().of("a", "fraction", 0.6) == 0.01
    assert Margins().of("a", "nats", -50.0) == 1.0


def test_margins_from_the_command_line():
    found = Margins.parse(["0.03", "truth/reward=0.5", " lm_eval/a=b = 0 "])
    assert found.of("a", "fraction", 0.6) == 0.03
    assert found.of("truth/reward", "reward", 9.0) == 0.5
    assert found.of("lm_eval/a=b", "fraction", 0.6) == 0.0
    assert Margins.parse(["0"]).of("a", "fraction", 0.6) == 0.0
    assert Margins.parse([]) == Margins()


@pytest.mark.parametrize("text", ["", "much", "a=", "a=b", "=0.1", "-0.1", "nan", "inf", "a=-1", "0.1=", "a=nan"])
def test_what_is_no_margin_is_refused(text):
    with pytest.raises(HarnessError) as caught:
        Margins.parse([text])
    assert caught.value.where == "--margin"
    assert "METRIC=0.05" in caught.value.fix


def test_a_metric_that_is_not_there_is_named():
    with pytest.raises(HarnessError, match=r"no metric 'truth/rewrd'; did you mean 'truth/reward'"):
        Margins.parse(["truth/rewrd=1"]).check({"truth/reward", "drift/kl"})


@pytest.mark.parametrize("changes", [{"alpha": 0.0}, {"alpha": 0.9}, {"alpha": math.nan}, {"cost_factor": 0.5}])
def test_settings_that_make_no_sense_are_refused(changes):
    with pytest.raises(HarnessError):
        Settings(**changes)
