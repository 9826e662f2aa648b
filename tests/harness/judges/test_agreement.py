import numpy as np
import pytest

from harness import user_prompt
from harness.judges.agreement import measured
from harness.judges.ask import Asked
from harness.judges.labelled import LabelledPair


def pair(place, chosen="longer text", rejected="short", share=None, subset=None):
    return LabelledPair(user_prompt(f"prompt {place}"), chosen, rejected, share, subset)


def asked(pairs, first, second, again=None, repeats=False):
    again = None if again is None else np.array(again, np.float64)
    return Asked(
        tuple(pairs), np.array(first, np.float64), np.array(second, np.float64), again, repeats, "a judge", {"k": 1}
    )


def test_agreement_is_with_the_verdict_in_the_mean_of_both_orders():
    found = measured(asked([pair(i) for i in range(4)], [0.9, 0.6, 0.2, 0.5], [0.8, 0.1, 0.9, 0.5]))
    # 0.85 agrees, 0.35 does not, 0.55 agrees, 0.5 is a tie
    assert found.agreement.value == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert found.agreement_one_order.value == pytest.approx((1 + 0.5 + 0.5 + 0.5) / 4)
    assert found.counted["ties of the judge"] == 1
    assert found.order_decides.value == 0.5
    assert found.first_preferred.value == pytest.approx((0.5 + 1 + 0 + 0.5) / 4)


def test_where_most_raters_prefer_the_rejected_answer_that_is_the_verdict():
    found = measured(asked([pair(0, share=0.25), pair(1, share=0.5), pair(2, share=1.0)], [0.1, 0.9, 0.9], [0.1] * 3))
    assert found.agreement.n == 2
    assert found.counted["ties of people"] == 1
    assert found.agreement.value == pytest.approx((1 + 0.5) / 2)


def test_agreement_with_a_single_rater_has_a_ceiling():
    found = measured(asked([pair(0, share=0.75), pair(1, share=0.6), pair(2)], [0.9, 0.1, 0.9], [0.9, 0.1, 0.9]))
    assert found.agreement_with_rater.n == 2
    assert found.agreement_with_rater.value == pytest.approx((0.75 + 0.4) / 2)
    assert found.ceiling.value == pytest.approx((0.75 + 0.6) / 2)


def test_without_rater_shares_there_is_no_ceiling():
    found = measured(asked([pair(0), pair(1)], [0.9, 0.9], [0.9, 0.9]))
    assert found.ceiling is None
    assert found.agreement_with_rater is None


def test_a_liking_for_length_is_told_from_agreement():
    pairs = [pair(0), pair(1), pair(2, "short", "longer text"), pair(3, "same", "size")]
    found = measured(asked(pairs, [1, 1, 0, 0.5], [1, 1, 0, 0.5]))  # the longer one always
    assert found.agreement_winner_longer.value == 1
    assert found.agreement_winner_shorter.value == 0
    assert found.longer_preferred.value == 1
    assert found.people_prefer_longer.value == pytest.approx(2 / 3)
    assert found.length_bias.value == pytest.approx(1 / 3)
    assert found.counted["answers of equal length"] == 1


def test_verdicts_that_cannot_be_read_are_left_out_and_counted():
    found = measured(asked([pair(i) for i in range(3)], [0.9, np.nan, 0.9], [0.9, 0.9, np.nan]))
    assert found.agreement.n == 1
    assert found.pairs == 3
    assert found.counted["verdicts that cannot be read"] == 2


def test_nothing_readable_gives_no_figure():
    found = measured(asked([pair(0)], [np.nan], [0.5]))
    assert found.agreement is found.length_bias is found.order_decides is None


def test_consistency_compares_the_same_order():
    found = measured(asked([pair(i) for i in range(3)], [0.9, 0.9, 0.9], [0.1] * 3, again=[0.8, 0.2], repeats=True))
    assert (found.self_consistency.value, found.self_consistency.n) == (0.5, 2)


def test_what_cannot_differ_was_not_asked_again():
    found = measured(asked([pair(0)], [0.9], [0.9]))
    assert found.self_consistency is None
    assert not found.repeats


def test_parts_of_the_data_are_told_apart_where_there_are_several():
    several = [pair(0, subset="chat"), pair(1, subset="maths"), pair(2, subset="maths")]
    found = measured(asked(several, [0.9, 0.9, 0.1], [0.9, 0.9, 0.1]))
    assert {name: one.value for name, one in found.subsets.items()} == {"chat": 1.0, "maths": 0.5}
    assert measured(asked(several[1:], [0.9, 0.9], [0.9, 0.9])).subsets == {}
