import json
from types import SimpleNamespace

import pytest

from harness.errors import HarnessError
from harness.run import crew
from harness.run.crew import ALONE, Crew, crew_for

GIB = 1 << 30


def plan(trains=9, evaluations=20, folder=None):
    kinds = ["train"] * trains + ["evaluate"] * evaluations
    return SimpleNamespace(steps=[SimpleNamespace(kind=k) for k in kinds], base=SimpleNamespace(folder=folder))


@pytest.fixture
def machine(monkeypatch):
    """A machine of so many cores, GiB and GPUs, whose processes may be forked."""

    def of(cores=2, memory=16, gpus=(), hindrance="", **environment):
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(crew, "usable_cores", lambda: cores)
        monkeypatch.setattr(crew, "_cores", lambda: cores)
        monkeypatch.setattr(crew, "memory_bytes", lambda: memory * GIB)
        monkeypatch.setattr(crew, "visible_gpus", lambda: gpus)
        monkeypatch.setattr(crew, "hindered", lambda: hindrance)

    return of


def model(folder, gib, dtype="float32"):
    (folder / "config.json").write_text(json.dumps({"dtype": dtype}))
    with (folder / "model.safetensors").open("wb") as file:
        file.truncate(int(gib * GIB))
    return folder


def test_each_core_gets_a_process_of_one_thread_and_the_base_model_all_of_them(machine):
    machine(cores=2)
    assert crew_for(plan(), None) == Crew(2, 1, 2)


def test_no_more_processes_than_can_train_at_once(machine):
    machine(cores=8, memory=64)
    assert crew_for(plan(trains=3), None) == Crew(3, 2, 8)
    assert crew_for(plan(trains=1), None) == ALONE
    assert crew_for(plan(trains=0, evaluations=4), None) == Crew(4, 2, 8)


def test_half_of_the_memory_holds_all_processes(machine, tmp_path):
    machine(cores=8, memory=16)
    assert crew_for(plan(), None).workers == 4
    machine(cores=8, memory=64)
    assert crew_for(plan(folder=model(tmp_path, 1)), None).workers == 3
    assert crew_for(plan(folder=model(tmp_path, 1, "bfloat16")), None) == ALONE


def test_each_gpu_gets_a_process(machine):
    machine(cores=16, gpus=("0", "3"))
    assert crew_for(plan(), None) == Crew(2, 8, 16, ("0", "3"))
    machine(cores=16, gpus=("0",))
    assert crew_for(plan(), None) == ALONE


def test_a_person_decides_otherwise(machine):
    machine(cores=4, memory=1, OMP_NUM_THREADS="1")
    assert crew_for(plan(), 1) == ALONE
    assert crew_for(plan(), 3) == Crew(3, 1, 1)


def test_where_it_cannot_be_there_is_one_process_unless_several_are_wanted(machine):
    machine(hindrance="it takes Linux")
    assert crew_for(plan(), None) == ALONE
    with pytest.raises(HarnessError, match="cannot run side by side: it takes Linux\n  fix: write --workers 1"):
        crew_for(plan(), 2)


def test_a_process_that_has_computed_is_not_forked():
    from harness.engine.machine import machine

    machine()
    assert "has computed with torch" in crew.hindered()
