import pytest

from harness.render.picture import WIDTH, Axis


def test_an_axis_spans_what_is_drawn_and_zero():
    assert Axis.over([0.2, 0.5]) == Axis(0.0, 0.5)
    assert Axis.over([-0.2, -0.5]) == Axis(-0.5, 0.0)
    assert Axis.over([0.0]) is None
    assert Axis.over([]) is None


def test_an_interval_is_drawn_with_its_dot_and_the_line_at_zero():
    axis = Axis(-14.0, 14.0)
    assert axis.drawn(4.0, 8.0, 12.0) == "·" * 14 + "│···├───●───┤··"
    assert axis.drawn(-2.0, 1.0, 4.0) == "·" * 12 + "├─┼●──┤" + "·" * 10
    assert axis.drawn(None, 0.0, None) == "·" * 14 + "●" + "·" * 14
    assert axis.drawn(-1.0, -1.0, -1.0) == "·" * 13 + "●│" + "·" * 14


def test_what_goes_beyond_the_axis_is_marked():
    axis = Axis(-14.0, 14.0)
    assert axis.drawn(-20.0, -10.0, 30.0) == "◂───●─────────┼─────────────▸"
    assert axis.drawn(20.0, 30.0, 40.0) == "·" * 14 + "│" + "·" * 13 + "▸"


@pytest.mark.parametrize("value", [-1e9, -1.0, 0.0, 1.0, 1e9])
def test_every_picture_is_as_wide(value):
    assert len(Axis(-1.0, 2.0).drawn(value - 1, value, value + 1)) == WIDTH
