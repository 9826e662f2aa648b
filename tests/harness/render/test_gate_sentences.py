import outcomes
import pytest

from harness.render.gate_sentences import (
    cost_sentence,
    count_sentence,
    failures,
    figure_sentence,
    power_sentences,
    verdict_sentence,
)


def test_all_that_fails_a_run_is_told_and_nothing_else():
    found = [(one.kind, one.subject) for one in failures(outcomes.regression())]
    assert found == [
        ("dropped", "dpo, preference/accuracy"),
        ("lost", "ddro, row lost"),
        ("lost", "dpo, metric lost: truth/win_rate"),
        ("lost", "rpo, seed lost"),
        ("ledger", "ledger"),
        ("cost", "dpo, training, CPU seconds per seed"),
    ]
    assert failures(outcomes.outcome()) == ()


def test_the_verdict_counts_what_is_wrong():
    assert verdict_sentence(outcomes.regression()) == (
        "core falls short of its baseline: 1 of 4 tested figures dropped, 1 row lost, 1 metric lost, 1 seed lost, the "
        "ledger of the data has changed, 1 cost grown."
    )
    ledger = outcomes.outcome("regression", ledger=("test: 1 example less",))
    assert verdict_sentence(ledger) == "core falls short of its baseline: the ledger of the data has changed."
    assert "none of 4 tested figures dropped" in verdict_sentence(outcomes.outcome())
    assert verdict_sentence(outcomes.unsaid("no baseline")) == "core: nothing can be said: no baseline."


def test_figures_are_counted_by_verdict():
    assert count_sentence(outcomes.outcome()) == "4 figures: 4 holds."
    assert count_sentence(outcomes.unsaid()) == ""


def test_a_drop_is_told_with_all_that_it_rests_on():
    one = outcomes.figure("dpo", drop=0.08, verdict="dropped", margin=0.01, note="a note")
    assert figure_sentence(one, 90) == (
        "worse by 0.080 [0.060, 0.100], from 0.650 to 0.570; p 0.012 by Holm over 90 figures; margin 0.01; detectable "
        f"0.045; {outcomes.HOW}; a note"
    )


@pytest.mark.parametrize(
    ("higher", "drop", "told"),
    [
        (True, -0.03, "better by 0.030 [0.010, 0.050]"),
        (False, 0.03, "worse by 0.030 [0.010, 0.050]"),
        (None, 0.03, "lower by 0.030 [0.010, 0.050]"),
        (None, -0.03, "higher by 0.030 [0.010, 0.050]"),
    ],
)
def test_the_direction_of_a_metric_is_heeded(higher, drop, told):
    assert figure_sentence(outcomes.figure("dpo", drop=drop, higher_is_better=higher), 1).startswith(told)


def test_a_figure_that_was_not_tested_claims_nothing():
    assert figure_sentence(outcomes.untested("dpo", drop=None), 4) == (
        f"from 0.650 to 0.650; {outcomes.HOW}; the metric has no direction"
    )


def test_costs_are_told_in_their_units():
    assert cost_sentence(outcomes.cost("dpo", 40.0)) == "3.33 times the baseline: 40 instead of 12; 2 times are allowed"
    memory = outcomes.cost("dpo", 3.2e9, what="training, peak bytes", baseline=1.1e9, note="another processor")
    assert cost_sentence(memory) == (
        "2.91 times the baseline: 3.2 GB instead of 1.1 GB; 2 times are allowed; another processor"
    )
    assert cost_sentence(outcomes.cost("dpo", 5.0, baseline=0.0)) == "5 instead of 0; 2 times are allowed"


def test_what_could_not_have_been_seen_is_told_by_unit():
    figures = [outcomes.figure("dpo", detectable=value) for value in (0.3, 0.01, 0.05)]
    figures.append(outcomes.figure("dpo", unit="nats", detectable=1.5))
    (sentence,) = power_sentences(outcomes.outcome(figures=tuple(figures)))
    assert sentence.endswith("fraction: 0.01 to 0.3, half of them from 0.05 on; nats: 1.5.")
    assert power_sentences(outcomes.unsaid()) == []
