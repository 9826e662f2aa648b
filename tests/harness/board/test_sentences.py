import dataclasses

import pytest

from harness.board import Comparison, Interval
from harness.board.sentences import p_text, sentence

INTERVAL = Interval(
    method="own", low=0.031, high=0.055, stderr=0.004, p=0.0004, holm_p=0.0032, mde=0.0301, seed_sd=0.01, item_se=0.002,
    df=2.0, verdict="better", covers="over items (N=60)",
)  # fmt: skip
ONE = Comparison(
    row="dpo", baseline="base", contender=True, difference=0.043, own=INTERVAL, pooled=None, estimand="E1", n=60,
    seeds=(0, 1, 2), baseline_seeds=(), shifts={}, tipping_seed_sd=None, aa_difference=None, sentence="", note="",
)  # fmt: skip


def said(*, unit="fraction", better=True, tests=8, one=None, **interval):
    changed = dataclasses.replace(one or ONE, own=dataclasses.replace(INTERVAL, **interval))
    return sentence(changed, "truth/win", unit, better, tests)


def test_better_and_worse_tell_by_how_much():
    assert said() == "dpo beats base by 0.043 [0.031, 0.055] in truth/win (p 0.003 by Holm over 8 comparisons)."
    worse = dataclasses.replace(ONE, difference=-0.043)
    told = said(one=worse, low=-0.055, high=-0.031, verdict="worse", holm_p=0.00001, tests=1)
    assert told == "dpo falls behind base by 0.043 [0.031, 0.055] in truth/win (p < 0.001)."


def test_units_and_directions_are_told():
    less = dataclasses.replace(ONE, difference=-0.043)
    told = said(one=less, low=-0.055, high=-0.031, unit="nats", better=False)
    assert told.startswith("dpo beats base by 0.043 [0.031, 0.055] nats in truth/win, where less is better (p ")
    assert said(unit="nats", better=None, verdict="higher").startswith(
        "dpo is above base by 0.043 [0.031, 0.055] nats in"
    )


def test_a_tie_tells_what_may_have_been_missed():
    told = said(verdict="tied", low=-0.012, high=0.098, holm_p=0.4)
    assert told == (
        "dpo is not told apart from base: 0.043 [-0.012, 0.098] in truth/win (p 0.400 by Holm over 8 comparisons); "
        "a true difference under 0.030 may well have been missed."
    )


def test_rows_that_are_equal_on_every_item_leave_nothing_to_be_missed():
    one = dataclasses.replace(ONE, difference=0.0)
    told = said(one=one, verdict="tied", low=0.0, high=0.0, holm_p=1.0, mde=0.0)
    assert told.endswith("0.000 [0.000, 0.000] in truth/win (p 1.000 by Holm over 8 comparisons).")


def test_large_numbers_are_told_in_powers_of_ten():
    one = dataclasses.replace(ONE, difference=2.0e9)
    assert "by 2e+09 [1.94e+09, 2.08e+09] in" in said(one=one, low=1.939e9, high=2.0778e9)


def test_one_run_tells_what_would_undo_it():
    one = dataclasses.replace(ONE, tipping_seed_sd=0.0123)
    told = said(one=one, verdict="undetermined", holm_p=None)
    assert told == (
        "dpo against base is undetermined: 0.043 [0.031, 0.055] in truth/win; one run says nothing of a method, and "
        "nothing is left of the difference if a method's seed sd is above 0.0123."
    )
    none = dataclasses.replace(ONE, tipping_seed_sd=0.0)
    assert said(one=none, verdict="undetermined").endswith("and even these runs are not told apart.")


def test_rows_that_do_not_compete_have_their_p_uncorrected():
    assert said(holm_p=None).endswith("(p < 0.001, outside Holm's correction).")


def test_without_an_interval_the_reason_is_told():
    one = dataclasses.replace(ONE, note="it stands on a single item")
    told = said(one=one, low=None, high=None, p=None, verdict="undetermined")
    assert told == "dpo differs from base by 0.043 in truth/win, with no interval: it stands on a single item."
    apart = dataclasses.replace(one, difference=None, note="no item is common to both")
    assert said(one=apart, low=None, high=None) == (
        "dpo cannot be compared with base in truth/win: no item is common to both."
    )


@pytest.mark.parametrize(("p", "text"), [(None, "–"), (0.0004, "< 0.001"), (0.0499, "0.050"), (1.0, "1.000")])
def test_p_is_told_to_three_places(p, text):
    assert p_text(p) == text


def test_a_plain_number_tells_what_it_is_of():
    told = said(low=None, high=None, covers="for these N=60 items and these checkpoints only: a plain number")
    assert told.endswith("with no interval: for these N=60 items and these checkpoints only: a plain number.")
