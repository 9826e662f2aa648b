"""What an evaluator found, as it is stored."""

import pytest

from harness.errors import HarnessError
from harness.evaluator import Evaluation, Figure
from harness.run.evaluation_record import results_of


def figure(value=0.5, items=("a", "b"), values=(0.0, 1.0), **more):
    return Figure("share", value, "fraction", True, items, values, **more)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        ((figure(), figure()), "the figure share is given twice"),
        ((figure(items=(), values=()),), "the figure share rests on no item"),
        ((figure(float("nan")),), "the figure share, or one of its values, is not finite"),
        ((figure(values=(0.0, float("inf"))),), "the figure share, or one of its values, is not finite"),
        ((figure(values=(0.0,)),), "the figure share has 1 values for 2 items"),
        ((figure(clusters=("a",)),), "the figure share has 1 groups for 2 items"),
    ],
)
def test_a_figure_that_cannot_be_is_refused_by_its_own_fault(figures, said):
    with pytest.raises(HarnessError, match=said):
        results_of(Evaluation(figures), {})


def test_items_that_figures_share_are_stored_once():
    found = results_of(Evaluation((figure(), figure(subset="math"))), {"cut": 1})
    assert found.item_sets == {"items 0": ["a", "b"]}
    assert [one.items for one in found.figures] == ["items 0", "items 0"]
