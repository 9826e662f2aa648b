import math

import numpy as np
import pytest
from ranking import LOGPS, SCORES, THREE, TOKENS, example, examples, judge
from sklearn.metrics import roc_auc_score

import harness
from harness import Label, Pair


def test_accuracy_gives_ties_one_half_and_counts_them():
    figures, counted = judge(THREE, SCORES, LOGPS, TOKENS)
    accuracy = figures["accuracy"]
    assert accuracy.values == (1.0, 0.5, 0.0)
    assert accuracy.items == ("a", "b", "c")
    assert accuracy.value == 0.5
    assert (accuracy.unit, accuracy.higher_is_better, accuracy.pseudo) == ("fraction", True, False)
    assert counted["pairs"] == 3
    assert counted["pairs tied under the row's own score"] == 1
    assert counted["pairs tied under the policy's summed log-prob"] == 1
    assert counted["pairs tied under the policy's mean log-prob per token"] == 0


def test_the_same_stands_under_summed_and_mean_log_probs():
    figures, _ = judge(THREE, SCORES, LOGPS, TOKENS)
    assert figures["accuracy_logp"].values == (1.0, 0.0, 0.5)
    assert figures["accuracy_mean_logp"].values == (0.0, 1.0, 1.0)
    assert figures["margin_logp"].values == (4.0, -1.0, 0.0)
    assert figures["margin_mean_logp"].values == (-1.0, 3.5, 2.0)
    assert (figures["margin"].unit, figures["margin_mean_logp"].unit) == ("nats", "nats/token")


def test_the_pooled_auc_compares_across_prompts_as_scikit_learn_does():
    figures, _ = judge(THREE, SCORES, LOGPS, TOKENS)
    assert figures["auc"].value == pytest.approx(4 / 9)  # counted by hand in test_ranking_statistics
    chosen_first = [2, 0, 1, 1, 0, 3]
    assert figures["auc"].value == pytest.approx(roc_auc_score([1, 1, 1, 0, 0, 0], chosen_first))
    without = [roc_auc_score([1, 1, 0, 0], s) for s in ([0, 1, 0, 3], [2, 1, 1, 3], [2, 0, 1, 0])]
    assert figures["auc"].pseudo
    assert figures["auc"].values == pytest.approx([3 * 4 / 9 - 2 * w for w in without])


def test_within_prompts_of_one_pair_the_auc_is_the_accuracy():
    figures, _ = judge(THREE, SCORES, LOGPS, TOKENS)
    for suffix in ("", "_logp", "_mean_logp"):
        assert figures[f"auc_within{suffix}"].values == figures[f"accuracy{suffix}"].values
        assert figures[f"auc_within{suffix}"].best is None


def test_the_margin_has_a_mean_and_a_spread():
    figures, _ = judge(THREE, SCORES, LOGPS, TOKENS)
    assert figures["margin"].values == (1.0, 0.0, -2.0)
    assert figures["margin"].value == pytest.approx(-1 / 3)
    # deviations 4/3, 1/3, -5/3: sum of squares 42/9, over n - 1 = 2
    assert figures["margin_sd"].value == pytest.approx(math.sqrt(42 / 18))
    # without a: 0, -2; without b: 1, -2; without c: 1, 0; n = 2 each, so |difference| / sqrt 2
    without = [2 / math.sqrt(2), 3 / math.sqrt(2), 1 / math.sqrt(2)]
    assert figures["margin_sd"].values == pytest.approx([3 * math.sqrt(42 / 18) - 2 * w for w in without])
    assert figures["margin"].higher_is_better is None


def test_ranking_accuracy_calls_ties_right_and_reads_no_reference():
    figures, _ = judge(THREE, SCORES, LOGPS, TOKENS)
    assert figures["ranking_accuracy"].values == (1.0, 0.0, 1.0)
    assert figures["ranking_accuracy_mean"].values == (0.0, 1.0, 1.0)


def test_one_pair_has_no_spread():
    figures, _ = judge(examples(example("a")), SCORES)
    assert "margin_sd" not in figures
    assert figures["auc"].values is None


def test_the_pairs_of_one_prompt_are_averaged_first():
    two = examples(example("a", 3, [Pair(0, 1), Pair(0, 2), Pair(1, 2)]), example("b"))
    figures, counted = judge(two, {"a": [3, 1, 2], "b": [0, 1]})
    assert figures["accuracy"].values == (pytest.approx(2 / 3), 0.0)  # 3>1, 3>2, 1<2; and b wrong
    assert figures["margin"].values == (pytest.approx((2 + 1 - 1) / 3), -1.0)
    assert figures["accuracy"].value == pytest.approx(1 / 3)
    assert counted["pairs"] == 4


def test_candidates_are_judged_by_all_their_pairs_and_by_the_first():
    rewards = [4.0, 3.0, 2.0, 1.0]
    some = examples(example("a", 4, (), rewards=rewards), example("b", 4, (), rewards=rewards))
    figures, counted = judge(some, {"a": [9, 8, 7, 6], "b": [1, 2, 3, 4]})
    assert counted["pairs"] == 12
    assert figures["accuracy"].values == (1.0, 0.0)
    assert figures["top1"].values == (1.0, 0.0)
    assert figures["top1"].items == ("a", "b")
    # Chosen: r0 three times, r1 twice, r2 once; rejected: r1 once, r2 twice, r3 three times. Of 36 comparisons in the
    # order of rewards r0 wins 18; r1 ties 2, wins 4 + 6; r2 loses 1, ties 2, wins 3: 18 + 11 + 4 = 33.
    assert figures["auc_within"].values == pytest.approx((33 / 36, 3 / 36))
    assert figures["auc_within"].best == pytest.approx(33 / 36)
    assert figures["auc"].best == pytest.approx(33 / 36)  # two equal prompts


def test_a_tie_for_the_first_place_is_shared():
    some = examples(
        example("a", 3, (), rewards=[1.0, 0.0, 0.0]),
        example("b", 3, (), rewards=[1.0, 1.0, 0.0]),
        example("c", 3, (), rewards=[1.0, 0.5, 0.0]),
    )
    figures, counted = judge(some, {"a": [2, 2, 1], "b": [0, 5, 1], "c": [1, 1, 1]})
    assert figures["top1"].values == pytest.approx((1 / 2, 1.0, 1 / 3))
    assert counted["tied candidate pairs"] == 2


def test_two_candidates_have_no_first_place_of_their_own():
    figures, _ = judge(examples(example("a", 2, (), rewards=[0.0, 1.0])), {"a": [3, 4]})
    assert figures["accuracy"].values == (1.0,)
    assert "top1" not in figures


def test_prompts_of_tied_candidates_are_left_out_and_counted():
    some = examples(example("a", 3, (), rewards=[1.0, 1.0, 1.0]), example("b", 3, (), rewards=[2.0, 1.0, 1.0]))
    figures, counted = judge(some, {"b": [3, 2, 1]})
    assert figures["accuracy"].items == ("b",)
    assert counted["no candidate preferred"] == 1
    with pytest.raises(harness.Unavailable, match="equal reward"):
        judge(examples(some[0]), {})


def test_unpaired_labels_have_an_auc_only():
    labelled = [
        example("a", 1, (), [Label(0, True)]),
        example("b", 1, (), [Label(0, False)]),
        example("c", 2, (), [Label(0, True), Label(1, False)]),
        example("d", 1, (), [Label(0, False)]),
    ]
    scores = {"a": [5], "b": [1], "c": [2, 3], "d": [2]}
    figures, counted = judge(examples(*labelled), scores)
    assert set(figures) == {"auc", "auc_logp", "auc_mean_logp"}
    # 5 beats 1, 3, 2; 2 beats 1, loses to 3, ties with 2: 3 + 1.5 of 6
    assert figures["auc"].value == pytest.approx(4.5 / 6)
    assert figures["auc"].items == ("a", "b", "c", "d")
    assert figures["auc"].values is not None
    assert counted == {"desirable": 2, "undesirable": 3}


def test_labels_of_one_class_are_no_judgement():
    with pytest.raises(harness.Unavailable, match="2 desirable and 0 undesirable"):
        judge(examples(*(example(i, 1, (), [Label(0, True)]) for i in "ab")), {"a": [1], "b": [1]})


def test_unjudged_examples_are_a_reason_to_skip():
    with pytest.raises(harness.Unavailable, match="all carry candidates"):
        judge(examples(example("a", 2, ())), {})
    with pytest.raises(harness.Unavailable, match="of 0 examples"):
        judge(examples(), {})


@pytest.mark.parametrize("worst", [math.nan, math.inf, -math.inf])
def test_a_policy_without_numbers_fails_instead_of_scoring_zero(worst: float):
    with pytest.raises(harness.HarnessError, match="the score of response 1 to example 'b' is") as failed:
        judge(THREE, SCORES | {"b": [0, worst]}, LOGPS, TOKENS)
    assert not isinstance(failed.value, harness.Unavailable)
    with pytest.raises(harness.HarnessError, match="the log-prob of response 0 to example 'c' is"):
        judge(THREE, SCORES, LOGPS | {"c": [worst, 0]}, TOKENS)


def test_every_figure_says_what_it_is_and_agrees_with_its_items():
    figures, _ = judge(THREE, SCORES, LOGPS, TOKENS)
    for figure in figures.values():
        assert figure.about.endswith(".")
        assert figure.values is not None
        assert len(figure.values) == len(figure.items) == 3
        assert figure.pseudo or figure.value == pytest.approx(np.mean(figure.values))
