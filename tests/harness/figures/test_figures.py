"""Every figure holds what the board does, compiles without a warning, and is the same when made again."""

import re
from dataclasses import replace

import boards
import figure_reports
import numpy as np
import pytest
import vl_convert

from harness.board import make_board
from harness.figures import figures_of
from harness.figures.draw import complete, png, svg, values
from harness.figures.figure import brief
from harness.records import StatisticsRecord


@pytest.fixture(scope="module")
def report():
    return figure_reports.core(without=[("ddro", 1)])


@pytest.fixture(scope="module")
def figures(report):
    return figures_of(report)


def first(figures, group):
    return next(figure for figure in figures if figure.group == group)


def choice(figures, group, name):
    return next(figure for figure in figures if (figure.group, figure.choice) == (group, name))


def lines(figure):
    """The table as a mapping from row to its cells."""
    return {row: dict(zip(figure.data, cells, strict=True)) for row, cells in
            zip(figure.data["row"], zip(*figure.data.values(), strict=True), strict=True)}  # fmt: skip


def compiled(figure, capfd):
    """As Vega; fails on a warning."""
    capfd.readouterr()
    found = vl_convert.vegalite_to_vega(complete(figure), vl_version="6.4", show_warnings=True)
    told = capfd.readouterr()
    assert not (told.out + told.err).strip(), figure.name
    return found


def test_there_is_a_figure_of_every_kind_with_words_of_its_own(figures):
    assert {f.group for f in figures} == {"forest", "seeds", "tradeoff", "learning", "budget", "history"}
    assert len({f.name for f in figures}) == len({(f.group, f.choice) for f in figures}) == len(figures)
    for figure in figures:
        assert all(text.strip() for text in (figure.title, figure.caption, figure.alt, figure.choice))
        assert re.search(r"\d", figure.alt)
        assert len({len(cells) for cells in figure.data.values()}) == 1
        assert set(figure.headings) <= set(figure.data)


@pytest.mark.parametrize("group", ["forest", "seeds", "tradeoff", "learning", "budget", "history"])
def test_specs_compile_without_a_warning(figures, group, capfd):
    some = [figure for figure in figures if figure.group == group]
    for figure in {figure.name: figure for figure in (some[0], some[-1])}.values():
        compiled(figure, capfd)


@pytest.mark.parametrize("group", ["forest", "learning"])
def test_a_page_may_draw_them_dark_and_hand_over_the_values(figures, group, capfd):
    figure = first(figures, group)
    assert figure.spec["data"] == {"name": "table"}
    assert "config" not in figure.spec
    dark = complete(figure, dark=True)
    assert dark["config"]["background"] != complete(figure)["config"]["background"]
    vl_convert.vegalite_to_vega(dark, vl_version="6.4", show_warnings=True)
    assert not capfd.readouterr().err


def test_every_row_is_in_every_figure_of_rows_in_the_order_of_the_board(report, figures):
    labels = [row.label for row in report.board.rows]
    for figure in figures:
        if figure.group in {"forest", "seeds", "tradeoff"}:
            assert figure.data["row"] == labels, figure.name


def test_a_forest_holds_the_differences_intervals_and_seeds_of_the_board(report, figures):
    for family in report.board.comparisons:
        drawn = lines(choice(figures, "forest", family.metric))
        for one in family.comparisons:
            cells = drawn[one.row]
            assert cells["difference"] == brief(one.difference)
            assert (cells["low"], cells["high"]) == (brief(one.decides.low), brief(one.decides.high))
            assert dict(zip(cells["seed"], cells["shift"], strict=True)) == {
                seed: brief(value) for seed, value in one.shifts.items()
            }
            assert cells["contender"] == one.contender


def test_a_forest_tells_what_is_missing_and_which_row_is_the_baseline(report, figures):
    family = next(f for f in report.board.comparisons if f.metric == "drift/kl")
    drawn = lines(choice(figures, "forest", "drift/kl"))
    assert drawn["oracle"]["told"] == "no figure: the oracle has no language model"
    assert drawn["oracle"]["difference"] is None
    assert drawn[family.baseline]["verdict"] == "baseline"
    assert {cells["verdict"] for cells in drawn.values()} <= {"", "higher", "lower", "not told apart", "baseline"}


def test_a_forest_has_the_noise_floor_on_either_side_and_both_intervals_where_the_suite_pools(capfd):
    draw = np.random.default_rng(5)
    tables = {f"row {i}": draw.normal(0.5 + i / 20, 0.1, (3, 30)) for i in range(6)}
    tables["again"] = draw.normal(0.5, 0.1, (3, 30))
    run, records = boards.one_metric(
        tables, again={"again": "row 0"}, statistics=StatisticsRecord(baseline="row 0", seed_spread="pooled")
    )
    board = make_board(run, records)
    figure = first(figures_of(figure_reports.of(board)), "forest")
    pair = board.comparisons[0].again[0]
    assert set(figure.data["floor"]) == {brief(abs(pair.difference))}
    assert set(figure.data["floor_low"]) == {-brief(abs(pair.difference))}
    one = next(c for c in board.comparisons[0].comparisons if c.pooled is not None)
    cells = lines(figure)[one.row]
    assert (cells["own_low"], cells["own_high"]) == (brief(one.own.low), brief(one.own.high))
    assert (cells["low"], cells["high"]) == (brief(one.pooled.low), brief(one.pooled.high))
    assert not lines(figure)["again"]["contender"]
    compiled(figure, capfd)


def test_an_interval_that_goes_beyond_the_axis_is_marked_at_its_edge(capfd):
    draw = np.random.default_rng(6)
    tables = {"base": draw.normal(0.5, 0.01, 30), "dpo": draw.normal(0.5, 0.01, (3, 30))}
    tables["two seeds"] = np.stack([draw.normal(0.5, 0.01, 30), draw.normal(0.55, 0.01, 30)])
    figure = first(figures_of(figure_reports.of(make_board(*boards.one_metric(tables)))), "forest")
    cells = lines(figure)["two seeds"]
    assert cells["low"] < cells["past_low"] < cells["difference"] < cells["past_high"] < cells["high"]
    assert "arrow" in figure.caption
    compiled(figure, capfd)


def test_seeds_are_those_of_the_board(report, figures):
    for figure in figures:
        if figure.group == "seeds":
            mean, each = (next(c for c in figure.data if c == name) for name in columns(figure))
            for row in report.board.rows:
                cells, measure = lines(figure)[row.label], row.metrics.get(figure.choice)
                assert cells[mean] == (None if measure is None else brief(measure.mean))
                found = dict(zip(cells["seeds"], cells[each], strict=True))
                told = (measure.per_seed if measure else None) or {}
                assert {s: v for s, v in found.items() if v is not None} == {s: brief(v) for s, v in told.items()}


def columns(figure):
    """Names of the columns of means and of seeds."""
    text = next(name for name, heading in figure.headings.items() if heading == "mean and 95 % interval")
    return text[:-1], f"{text[:-1]}s"


def test_a_failed_seed_leaves_a_gap_and_keeps_its_row(figures):
    figure = choice(figures, "seeds", "truth/reward")
    cells = lines(figure)["ddro"]
    assert cells["seeds"] == [0, 1, 2]
    assert [value is None for value in cells[columns(figure)[1]]] == [False, True, False]


def test_figures_of_seeds_and_tradeoffs_share_one_table(figures):
    assert len({id(f.data) for f in figures if f.group in {"seeds", "tradeoff"}}) == 1
    assert len({id(f.data) for f in figures if f.group == "learning"}) == 1


def test_a_tradeoff_says_which_rows_it_cannot_draw_and_names_the_others(report, figures):
    figure = choice(figures, "tradeoff", "truth/win_rate_behaviour against drift/kl")
    assert "Not drawn, for want of one of the two figures: oracle." in figure.caption
    column = next(name for name in figure.data if name.startswith("place"))
    assert [place is None for place in figure.data[column]] == [row.label == "oracle" for row in report.board.rows]
    assert sum(figure.data["base"]) == 1


def test_learning_curves_are_those_of_the_report_and_leave_gaps(report, figures):
    learning = [f.choice for f in figures if f.group == "learning"]
    assert learning == ["loss", "gradient_norm", "margin"]
    figure = first(figures, "learning")
    column = list(figure.headings)[-1]
    for curve, cells in zip(report.curves, figure.data[column], strict=True):
        assert cells == [brief(value) for value in curve.quantities["loss"]]
    margin = choice(figures, "learning", "margin")
    assert "Without such a curve: sft." in margin.caption


def test_best_of_budget_holds_every_trial_and_marks_the_chosen_and_the_failed(report, figures):
    figure = first(figures, "budget")
    for study in report.board.tuning.studies:
        cells = lines(figure)[study.row]
        assert cells["value"] == [brief(value) for value in study.values]
        assert cells["best"] == [brief(value) for value in study.best_so_far]
        assert cells["chosen"].index(True) == study.best
        assert cells["settings"][3] == "failed: no memory"
    assert f"{len(report.board.tuning.studies)} trials that failed" in figure.caption


def test_history_needs_two_acceptances_and_shows_metrics_with_a_direction(report, figures):
    shown = [f for f in figures if f.group == "history"]
    assert shown[0].choice == report.board.primary_metric
    assert "drift/kl" not in {f.choice for f in shown}
    cells = lines(shown[0])["dpo"]
    now = next(row for row in report.board.rows if row.label == "dpo").metrics[report.board.primary_metric]
    assert cells["accepted"] == ["2026-01-01 0000000", "2026-01-02 1111111", "2026-01-03 2222222"]
    assert cells["mean"] == [brief(now.mean + day / 100) for day in range(3)]
    once = figure_reports.history(report.board, 1)
    assert not [f for f in figures_of(replace(report, history=once)) if f.group == "history"]


def test_two_acceptances_of_one_day_and_commit_stay_two(report):
    past = figure_reports.history(report.board, 1)
    twice = past.model_copy(update={"acceptances": past.acceptances * 2})
    figure = first(figures_of(replace(report, history=twice)), "history")
    assert figure.data["accepted"][0] == ["2026-01-01 0000000", "2026-01-01 0000000 (2)"]


def test_a_board_without_figures_has_no_figures(report):
    board = report.board
    bare = [replace(row, metrics={}, skipped={}) for row in board.rows]
    nothing = replace(board, rows=tuple(bare), comparisons=(), tuning=None, primary_metric=None)
    assert figures_of(figure_reports.of(nothing)) == ()
    assert figures_of(figure_reports.of(replace(nothing, rows=(), metrics=()))) == ()


def test_hundreds_of_rows_are_in_one_panel_and_smaller(capfd):
    report = figure_reports.wide()
    report = replace(report, curves=tuple(figure_reports.curves(report.board, 2)))
    report = replace(report, board=replace(report.board, tuning=figure_reports.tuning(report.board)))
    for figure in figures_of(report):
        assert len(set(figure.data["row"])) == 200
        assert "facet" not in figure.spec
        assert figure.spec["height"] in ({"step": 12}, 380)
        compiled(figure, capfd)


def test_equal_reports_give_equal_figures(report, figures):
    assert figures_of(report) == figures


@pytest.mark.parametrize("group", ["tradeoff", "budget"])
def test_a_figure_is_drawn_byte_for_byte_alike_whatever_was_drawn_before(figures, group):
    figure = first(figures, group)
    drawn = svg(figure)
    assert svg(figure) == drawn
    assert png(figure, 1.0) == png(figure, 1.0)
    assert drawn.startswith("<svg ")
    assert f"<title>{figure.title}</title>" in drawn
    assert "aria-" not in drawn


def test_a_drawing_carries_no_columns_that_it_does_not_show(figures):
    figure = first(figures, "seeds")
    assert len(values(figure)[0]) < 10 < len(figure.data)
