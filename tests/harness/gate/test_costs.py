import boards
import gates
import pytest

from harness.gate.baseline import baseline_of
from harness.gate.check import check
from harness.gate.costs import other_host
from harness.gate.margins import Settings
from harness.records import Cost

HOST = {"processor": "a", "cores": 2, "gpus": [], "memory_bytes": 1, "system": "x"}


def run_of(host=HOST, **cost):
    """A run of one row whose training cost so much, on one machine."""
    manifest, records = boards.one_metric({"dpo": gates.table()})
    before = {"cpu_seconds": 30.0, "peak_bytes": 10**9, "response_tokens": 1000, "sampled_tokens": 0}
    made = {}
    for name, record in records.items():
        provenance = record.provenance.model_copy(update={"host": host})
        changes = {"provenance": provenance}
        if record.kind == "train":
            changes["cost"] = Cost(**{**before, **cost})
        made[name] = record.model_copy(update=changes)
    return manifest, made


def grown(before, after, settings=Settings()):  # noqa: B008  # frozen
    found = check(baseline_of(*before), *after, settings)
    assert found.verdict == ("regression" if found.grown else "holds")
    return {one.what: (one.baseline, one.run) for one in found.grown}


@pytest.mark.parametrize(
    ("cost", "what"),
    [
        ({"cpu_seconds": 60.1}, "training, CPU seconds per seed"),
        ({"peak_bytes": 2 * 10**9 + 1}, "training, peak bytes"),
        ({"response_tokens": 2001}, "training, response tokens per seed"),
        ({"sampled_tokens": 1}, "training, sampled tokens per seed"),
    ],
)
def test_a_cost_beyond_twice_the_baseline_has_grown(cost, what):
    assert list(grown(run_of(), run_of(**cost))) == [what]


def test_up_to_twice_is_no_growth_and_neither_is_less():
    doubled = {"cpu_seconds": 60.0, "peak_bytes": 2 * 10**9, "response_tokens": 2000}
    assert grown(run_of(), run_of(**doubled)) == {}
    assert grown(run_of(**doubled), run_of()) == {}


def test_the_factor_can_be_set():
    assert grown(run_of(), run_of(cpu_seconds=40.0), Settings(cost_factor=1.2)) == {
        "training, CPU seconds per seed": (30.0, 40.0)
    }


def test_tiny_costs_do_not_grow():
    assert grown(run_of(cpu_seconds=0.1, peak_bytes=10**6), run_of(cpu_seconds=4.9, peak_bytes=6 * 10**7)) == {}
    assert grown(run_of(cpu_seconds=0.1), run_of(cpu_seconds=5.1)) == {"training, CPU seconds per seed": (0.1, 5.1)}


def test_seconds_and_memory_of_another_machine_are_held_to_nothing_but_tokens_are():
    elsewhere = {**HOST, "processor": "b"}
    after = run_of(elsewhere, cpu_seconds=300.0, peak_bytes=10**10, response_tokens=5000)
    found = check(baseline_of(*run_of()), *after, Settings())
    assert [one.what for one in found.grown] == ["training, response tokens per seed"]
    notes = {one.what: one.note for one in found.costs}
    assert notes["training, CPU seconds per seed"] == (
        "not held to the baseline: another processor (a in the baseline, b now)"
    )
    assert notes["training, response tokens per seed"] == ""


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ""),
        ({"memory_bytes": 99, "system": "y"}, ""),
        ({"gpus": None}, ""),
        ({"cores": 64}, "another number of cores (2 in the baseline, 64 now)"),
        ({"gpus": ["H200", "H200"]}, "another GPUs (none stated in the baseline, H200, H200 now)"),
    ],
)
def test_a_machine_is_its_processor_cores_and_gpus(change, told):
    found = other_host(HOST, {**HOST, **change})
    assert found.removeprefix("not held to the baseline: ") == told


def test_evaluation_is_held_as_well():
    manifest, records = run_of()
    dear = {
        name: record.model_copy(update={"cost": Cost(cpu_seconds=50.0, peak_bytes=2**30, sampled_tokens=100)})
        if record.kind == "evaluate"
        else record
        for name, record in records.items()
    }
    assert grown(run_of(), (manifest, dear)) == {"evaluation, CPU seconds per seed": (2.5, 50.0)}
