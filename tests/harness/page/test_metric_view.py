import boards
import numpy as np

from harness.board import make_board
from harness.page.metric_view import by_evaluator, metric_views


def table(mean, spread=0.05, seeds=3, draw=0):
    return np.random.default_rng(draw).normal(mean, spread, (seeds, 60))


def views(tables, **changes):
    return metric_views(make_board(*boards.one_metric(tables, **changes)))


def test_columns_are_in_the_order_of_the_board():
    run = boards.one_metric({"sft": table(0.3), "dpo": table(0.8)})
    board = make_board(*run)
    (view,) = metric_views(board)
    assert [cell.mean for cell in view.cells] == [row.metrics["truth/score"].mean for row in board.rows]
    assert {len(column) for column in view.data().values() if isinstance(column, list)} == {2}


def test_the_baseline_has_no_difference_to_itself():
    (view,) = views({"base": table(0.5)[0], "dpo": table(0.8)})
    differences = [cell.difference for cell in view.cells]
    assert differences.count("baseline") == 1
    assert sum(text.startswith("+0.298 [0.2") for text in differences) == 1


def test_rows_that_do_not_compete_stretch_no_axis():
    (view,) = views({"dpo": table(0.6), "ipo": table(0.5), "base": np.random.default_rng(1).normal(-9, 0.1, 60)})
    assert view.low > 0.2


def test_an_interval_that_dwarfs_the_others_stretches_no_axis():
    wild = np.stack([np.full(60, mean) + np.random.default_rng(1).normal(0, 0.01, 60) for mean in (0.3, 0.5, 0.9)])
    (view,) = views({f"row {i}": table(0.5) for i in range(4)} | {"wild": wild})
    assert -0.5 < view.low < 0.3
    assert 0.9 < view.high < 1.5


def test_where_all_is_alike_there_is_an_axis():
    (view,) = views({"dpo": np.full((3, 9), 0.5), "sft": np.full((3, 9), 0.5)})
    assert view.low < 0.5 < view.high


def test_a_gap_says_why():
    manifest, records = boards.core(items=20)
    found = metric_views(make_board(manifest, records))
    gaps = [cell for view in found for cell in view.cells if cell.mean is None]
    assert gaps
    assert all(cell.note and cell.text in {"skipped", "failed", "missing"} for cell in gaps)


def test_the_metric_that_orders_comes_first_in_its_list():
    found = metric_views(make_board(*boards.core(items=20)))
    groups = by_evaluator(found)
    assert groups[0][1][0] == (0, found[0].title)
    assert sorted(place for _, some in groups for place, _ in some) == list(range(len(found)))
