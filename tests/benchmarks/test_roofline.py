import pytest
from benchmark import load

roofline = load("roofline")


@pytest.mark.parametrize(
    ("name", "shapes", "kind"),
    [
        ("aten::mm", [[700, 256], [256, 688]], "linear"),
        ("aten::addmm", [[700, 256], [256, 8192]], "head and log-softmax"),
        ("autograd::engine::evaluate_function: MmBackward0", [], "linear"),
        ("_TargetLogps", [], "head and log-softmax"),
        ("_AttentionBackward", [], "attention"),
        ("aten::bmm", [[8, 10, 8192]], "attention"),
        ("aten::_fused_adamw_", [], "optimiser"),
        ("aten::linalg_vector_norm", [], "optimiser"),
        ("_RmsNorm", [], "norm"),
        ("aten::index_select", [], "index and embedding"),
        ("aten::copy_", [], "copy and allocate"),
        ("aten::mul", [], "elementwise"),
        ("aten::something", [], "other operations"),
    ],
)
def test_operations_are_grouped_by_what_they_are_for(name, shapes, kind):
    assert roofline.group(name, shapes, 8192) == kind


def test_a_rate_counts_two_operations_an_entry_of_the_product(monkeypatch):
    clock = iter(float(i) for i in range(100))
    monkeypatch.setattr(roofline.time, "perf_counter", lambda: next(clock))
    assert roofline._rate(lambda: None, (1000, 1000, 1000), seconds=3) == pytest.approx(2.0)


def test_only_accurate_settings_are_compared():
    found = roofline.libraries()
    assert {"torch highest", "numpy"} <= set(found)
    for make in found.values():
        assert make(3, 4, 5)().shape == (3, 4)
