"""Names, axes and places of labels."""

import math

import pytest

from harness.board import Heading
from harness.figures.figure import brief
from harness.figures.kinds import pairs
from harness.figures.label_places import OFFSETS, Box, label_box, places
from harness.figures.names import LONGEST, Slugs, distinct, metric_title
from harness.figures.scales import scale_of
from harness.figures.words import few, signed


def test_no_two_names_look_alike():
    found = distinct(["a b", "a\nb", "a\tb", "", " ", "x" * 99, "x" * 100])
    assert list(found.values())[:5] == ["a b", "a b (2)", "a b (3)", "(no name)", "(no name) (2)"]
    assert len(set(found.values())) == len(found) == 7
    assert all(len(name) <= LONGEST + 4 for name in found.values())


def test_a_name_that_is_numbered_takes_no_other_rows_name():
    assert list(distinct(["a", " a", "a (2)"]).values()) == ["a", "a (2)", "a (2) (2)"]


def test_names_of_files_are_plain_and_each_is_given_once():
    slugs = Slugs()
    assert slugs.of("forest", "truth/win rate") == "forest-truth-win-rate"
    assert slugs.of("forest", "Truth/win_rate") == "forest-Truth-win_rate"
    assert slugs.of("forest", "truth/WIN_rate") == "forest-truth-WIN_rate-2"
    assert slugs.of("forest", "../../etc/passwd") == "forest-etc-passwd"
    assert slugs.of("forest", "名前") == "forest"
    assert len(slugs.of("forest", "x" * 500)) <= 100


def test_titles_of_metrics_tell_which_way_is_better_and_the_unit():
    assert metric_title(Heading("truth/reward", "truth", "reward", True, None, "")) == "truth/reward ↑"
    assert metric_title(Heading("truth/kl", "truth", "nats", False, None, "")) == "truth/kl ↓ (nats)"
    assert metric_title(Heading("drift/kl", "drift", "nats", None, None, "")) == "drift/kl (nats)"


def test_numbers_are_short_and_finite():
    assert brief(0.1234567) == 0.12346
    assert brief(None) is brief(math.inf) is brief(math.nan) is None


def test_an_axis_holds_what_must_be_seen_and_is_not_pressed_together_by_the_rest():
    scale = scale_of([0.0, 1.0], [-50.0, 1.2])
    assert (scale.low, scale.high) == pytest.approx((-3 - 0.04 * 4.2, 1.2 + 0.04 * 4.2))
    assert scale.holds(1.0)
    assert not scale.holds(-50.0)
    assert scale.share(scale.low) == 0
    assert scale.share(scale.high) == pytest.approx(1)


@pytest.mark.parametrize(("core", "more"), [([3.0], []), ([0.0, 0.0], []), ([None], [2.0])])
def test_an_axis_of_one_value_has_a_width(core, more):
    scale = scale_of(core, more)
    assert scale.low < scale.high


def test_no_value_no_axis():
    assert scale_of([], []) is scale_of([None, math.nan], [math.inf]) is None


def test_more_than_two_decades_are_logarithmic_and_say_so_and_zero_is_on_the_axis():
    scale = scale_of([0.0, 0.05, 20.0], log=True)
    assert (scale.bend, scale.ticks) == (0.01, (0.0, 0.01, 0.1, 1.0, 10.0))
    assert scale.spec()["type"] == "symlog"
    assert scale.axis("KL")["title"] == "KL, log scale, linear below 0.01"
    assert scale.holds(0.0)
    assert scale.share(0.5) - scale.share(0.05) == pytest.approx(scale.share(5.0) - scale.share(0.5), abs=0.03)
    assert scale_of([0.0, 0.5, 20.0], log=True).bend is None
    assert scale_of([-1.0, 0.05, 20.0], log=True).bend is None
    assert scale_of([0.0, 0.05, 20.0]).axis("KL")["title"] == "KL"


def test_labels_keep_clear_of_each_other_and_stay_in_the_picture():
    marks = [(100, 100, "one"), (104, 101, "two"), (108, 99, "three"), (395, 100, "at the right edge")]
    found = places(marks, [], (400, 200))
    boxes = [label_box(x, y, text, anchor) for (x, y, text), anchor in zip(marks, found, strict=True)]
    assert all(one.shared(other) == 0 for i, one in enumerate(boxes) for other in boxes[:i])
    assert all(box.outside(400, 200) == 0 for box in boxes)
    assert set(found) <= set(OFFSETS)


def test_a_label_alone_stands_to_the_right_unless_something_is_there():
    assert places([(100, 100, "one")], [], (400, 200)) == ["right"]
    assert places([(100, 100, "one")], [Box(107, 90, 400, 110)], (400, 200)) == ["left"]


def headings(*told):
    return tuple(Heading(name, name.split("/")[0], unit, better, None, "") for name, unit, better in told)


class Metrics:
    def __init__(self, *told):
        self.metrics, self.primary_metric = headings(*told), told[0][0]


def test_tradeoffs_are_found_by_names_and_units_of_metrics():
    board = Metrics(
        ("judge/win_rate", "fraction", True), ("judge/length", "tokens", None), ("far/kl", "nats", None),
        ("far/length", "tokens", None), ("tasks/arc/acc", "fraction", True), ("tasks/arc/samples", "count", None),
        ("truth/reward", "reward", True), ("truth/legitimate", "fraction", True),
    )  # fmt: skip
    assert [(gain.name, cost.name) for gain, cost in pairs(board)] == [
        ("judge/win_rate", "far/kl"),
        ("judge/win_rate", "judge/length"),
        ("judge/win_rate", "tasks/arc/acc"),
        ("truth/reward", "truth/legitimate"),
    ]


def test_of_many_tasks_only_the_primary_metric_is_shown_against_each():
    tasks = [(f"tasks/t{i}/acc", "fraction", True) for i in range(13)]
    found = pairs(Metrics(("a/score", "", True), ("b/win_rate", "fraction", True), ("d/kl", "nats", None), *tasks))
    assert [gain.name for gain, cost in found if cost.name == "d/kl"] == ["a/score", "b/win_rate"]
    assert {gain.name for gain, cost in found if cost.evaluator == "tasks"} == {"a/score"}


def test_a_metric_is_no_tradeoff_of_itself():
    assert pairs(Metrics(("tasks/arc/acc", "fraction", True))) == []


def test_words():
    assert few(["a", "b", "c"], 2) == "a, b and 1 more"
    assert [signed(value, 2) for value in (0.126, -0.126, 0.001)] == ["+0.13", "−0.13", "0.00"]
