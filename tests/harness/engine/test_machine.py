import json

import pytest
import torch

from harness.engine import machine as chosen
from harness.engine.native.library import library
from harness.engine.numerics import engine_numerics
from harness.engine.precision import ACCURATE, error_of, precision


@pytest.fixture(autouse=True)
def a_machine_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    chosen.machine.cache_clear()
    yield tmp_path
    chosen.machine.cache_clear()


def test_the_choice_is_accurate_and_the_fastest_of_those_tried(a_machine_of_its_own):
    found = chosen.machine("cpu")
    assert found.matmul_error <= ACCURATE
    assert error_of(found.matmul, "cpu") <= ACCURATE
    for kind, choice in (("matmul", found.matmul), ("attention", found.attention)):
        times = {name: taken for name, taken in found.milliseconds.items() if name.startswith(kind)}
        assert times[f"{kind}/{choice}"] <= min(times.values()) / chosen.WORTH
        tried = times.keys() | {name for name in found.refused if name.startswith(kind)}
        assert len(tried) == 3


def test_it_is_measured_once_and_kept(a_machine_of_its_own, monkeypatch):
    first = chosen.machine("cpu")
    chosen.machine.cache_clear()
    monkeypatch.setattr(chosen, "_measured", lambda _: pytest.fail("measured again"))
    assert chosen.machine("cpu") == first


def test_a_broken_file_is_measured_anew(a_machine_of_its_own):
    first = chosen.machine("cpu")
    (kept,) = a_machine_of_its_own.glob("machine-*.json")
    kept.write_text(kept.read_text()[:40])
    chosen.machine.cache_clear()
    assert chosen.machine("cpu").matmul_error == first.matmul_error
    assert json.loads(kept.read_text())["matmul"]


@pytest.mark.parametrize("held", ["{}", "null", "[1]", '{"tokens": 1024}'])
def test_a_file_that_holds_something_else_is_measured_anew(held, a_machine_of_its_own):
    first = chosen.machine("cpu")
    (kept,) = a_machine_of_its_own.glob("machine-*.json")
    kept.write_text(held)
    chosen.machine.cache_clear()
    assert chosen.machine("cpu").matmul_error == first.matmul_error
    assert json.loads(kept.read_text())["matmul"]


def test_choices_are_kept_by_the_number_of_threads_and_the_library():
    before, key = torch.get_num_threads(), chosen.machine_key("cpu")
    try:
        torch.set_num_threads(before + 1)
        assert chosen.machine_key("cpu") != key
    finally:
        torch.set_num_threads(before)
    assert chosen.machine_key("cpu") == key


def test_a_setting_that_errs_is_refused_with_its_error(monkeypatch):
    monkeypatch.setattr(chosen, "error_of", lambda setting, _: 1e-7 if setting == "highest" else 4e-3)
    found = chosen.machine("cpu")
    assert found.matmul == "highest"
    assert found.refused["matmul/medium"] == "errs by 0.004 of the largest entry"


@pytest.mark.skipif(library().functions is None, reason="no compiled operations on this machine")
def test_a_kernel_that_gives_other_numbers_is_refused(monkeypatch):
    from harness.engine.attention_trial import Trial

    honest = Trial.run
    monkeypatch.setattr(
        Trial, "run", lambda self, way: [x * (1.01 if way == "compiled" else 1) for x in honest(self, way)]
    )
    found = chosen.machine("cpu")
    assert found.attention != "compiled"
    assert "differs" in found.refused["attention/compiled"]


def test_the_setting_holds_inside_the_engine_and_is_put_back():
    with precision("highest"):
        with engine_numerics():
            assert torch.get_float32_matmul_precision() == chosen.machine().matmul
        assert torch.get_float32_matmul_precision() == "highest"
