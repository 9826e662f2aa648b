import outcomes

from harness.render.gate_overview import costs_table, metrics_table
from harness.render.gate_tables import dropped_table, figures_table, losses_table, moved_table


def cells(table):
    return [line.cells for line in table.lines]


def test_what_dropped_has_a_table_of_its_own():
    table = dropped_table(outcomes.regression())
    assert cells(table) == [("dpo", "preference/accuracy ↑", "0.650 → 0.570", "0.080 [0.060, 0.100]", "0.012", "0.045")]
    assert table.notes == (f"dpo, preference/accuracy: {outcomes.HOW}; one seed less",)


def test_margins_are_shown_where_there_are_any():
    figures = (outcomes.figure("dpo", drop=0.08, verdict="dropped", margin=0.01),)
    table = dropped_table(outcomes.outcome("regression", figures=figures))
    assert [column.title for column in table.columns].count("margin") == 1
    assert "0.01" in cells(table)[0]


def test_losses_have_their_reasons():
    assert ("row", "ddro", "–", "the suite has no such row any more") in cells(losses_table(outcomes.regression()))


def test_what_moved_without_failing_is_shown():
    assert [line[0] for line in cells(moved_table(outcomes.regression()))] == ["dpo", "rpo"]


def test_the_worst_figures_come_first_and_untested_ones_not_at_all():
    table = figures_table(outcomes.regression())
    assert [line[-1].split(" (")[0] for line in cells(table)] == [
        "dropped",
        "drop within margin",
        "holds",
        "improved",
        "undetermined",
    ]
    assert "(1) one seed less" in table.notes


def test_a_long_table_says_what_it_leaves_out():
    table = figures_table(outcomes.regression(), most=2)
    assert len(table.lines) == 2
    assert table.notes[0] == "3 more figures are not shown here."


def test_of_a_metric_the_worst_row_and_all_that_could_be_seen():
    figures = (
        outcomes.figure("sft", drop=0.05, verdict="drop within margin", holm_p=0.02, detectable=0.1),
        outcomes.figure("dpo", drop=0.03, verdict="dropped", detectable=0.02),
        outcomes.figure("rpo", drop=0.09, detectable=0.4),
    )
    (line,) = cells(metrics_table(outcomes.outcome("regression", figures=figures)))
    assert line[1:3] == ("1 drop within margin, 1 dropped, 1 holds", "dpo")
    assert line[-1] == "0.02 to 0.4"


def test_of_those_that_hold_the_least_p_is_the_worst():
    figures = (outcomes.figure("dpo", drop=0.2), outcomes.figure("rpo", drop=0.1, p=0.2))
    assert cells(metrics_table(outcomes.outcome(figures=figures)))[0][2] == "rpo"


def test_what_was_not_tested_is_told_with_the_reason():
    table = metrics_table(outcomes.regression())
    assert "drift/kl" not in [line[0] for line in cells(table)]
    assert "not tested: the metric has no direction (1: drift/kl)" in table.notes
    assert "undetermined: a single seed (1: truth/score)" in table.notes


def test_of_a_kind_of_cost_the_row_that_grew_most():
    costs = (outcomes.cost("sft", 50.0, note="another processor"), outcomes.cost("dpo", 40.0, grown=True))
    table = costs_table(outcomes.outcome("regression", costs=costs))
    assert cells(table) == [
        ("training, CPU seconds per seed", "1 not held, 1 grown", "dpo", "12 → 40", "3.33", "2"),
    ]
    assert table.notes == ("another processor",)


def test_there_are_no_empty_tables():
    nothing = outcomes.unsaid()
    for make in (dropped_table, losses_table, moved_table, figures_table, metrics_table, costs_table):
        assert make(nothing) is None
