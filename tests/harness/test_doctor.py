"""The doctor sees what is wrong, names it, and says what to do."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from distributions import install, method_source

from harness import doctor, host
from harness.doctor import GIB, Check, checks, judge_disk, judge_memory, judge_threads


def named(found: list[Check], name: str) -> list[Check]:
    return [check for check in found if check.name == name]


@pytest.fixture
def only_hinge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single sound plugin."""
    install(tmp_path, monkeypatch, "sound-hinge", {"sound_hinge.py": method_source("hinge")}, {"hinge": "sound_hinge"})
    monkeypatch.setenv(host.ONLY, "hinge")


def test_what_is_wrong_always_comes_with_a_fix(only_hinge, tmp_path: Path):
    (tmp_path / "file").write_text("")
    found = checks(tmp_path / "file" / "results")
    assert all(check.fix for check in found if check.state != "ok")
    assert [check.name for check in found if check.state == "problem"] == ["results"]


def test_a_results_folder_that_is_not_there_yet_is_no_problem_and_is_not_made(only_hinge, tmp_path: Path):
    results = tmp_path / "not" / "yet"
    (check,) = named(checks(results), "results")
    assert check.state == "ok"
    assert not results.exists()
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".harness")]


@pytest.mark.parametrize(
    ("free", "state"),
    [(0, "problem"), (GIB // 4 - 1, "problem"), (GIB // 4, "warning"), (2 * GIB - 1, "warning"), (2 * GIB, "ok")],
)
def test_a_disk_that_is_nearly_full_is_told(free: int, state: str):
    assert judge_disk(free, Path("results")).state == state


@pytest.mark.parametrize(("free", "state"), [(0, "warning"), (3 * GIB - 1, "warning"), (3 * GIB, "ok")])
def test_too_little_memory_for_the_core_suite_is_told(free: int, state: str):
    assert judge_memory(free, 8 * GIB).state == state


@pytest.mark.parametrize(
    ("threads", "cores", "fix"),
    [(3, 2, "at most 2"), (2, 2, ""), (2, 4, ""), (2, 5, "unset"), (4, 7, ""), (1, 1, ""), (1, 8, "unset")],
)
def test_threads_that_do_not_fit_the_cores_are_told(threads: int, cores: int, fix: str):
    check = judge_threads(threads, cores)
    assert fix in check.fix
    assert check.state == ("warning" if fix else "ok")


def test_this_machine_is_looked_at(only_hinge, tmp_path: Path):
    found = checks(tmp_path)
    assert version("torch") in named(found, "torch")[0].detail
    assert str(tmp_path) in named(found, "disk")[0].detail
    assert named(found, "memory")[0].detail.endswith("GiB free")
    assert named(found, "harness")[0].state == "ok"


def test_a_checkout_that_is_newer_than_what_is_installed_is_a_problem(only_hinge, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("harness.version.__version__", "99.0")
    (check,) = named(checks(tmp_path), "harness")
    assert check.state == "problem"
    assert version("alignment-harness") in check.detail


def test_sound_plugins_are_counted_with_their_distribution(only_hinge, tmp_path: Path):
    (check,) = named(checks(tmp_path), "plugins")
    assert check.state == "ok"
    assert "1 methods, 0 evaluators, 0 sources, 0 columns from sound-hinge 1.0" in check.detail
    assert host.ONLY in check.detail


def test_every_broken_plugin_is_named_not_only_the_first(only_hinge, tmp_path: Path, monkeypatch):
    for name in ("broken-one", "broken-two"):
        module = name.replace("-", "_")
        install(tmp_path, monkeypatch, name, {f"{module}.py": f"import missing_{module}"}, {name: module})
    monkeypatch.setenv(host.ONLY, "hinge,broken-one,broken-two")
    found = named(checks(tmp_path), "plugins")
    assert [check.state for check in found] == ["problem", "problem"]
    assert "missing_broken_one" in found[0].detail
    assert "missing_broken_two" in found[1].detail
    assert "uninstall broken-one" in found[0].fix


def test_plugins_that_clash_are_a_problem(only_hinge, tmp_path: Path, monkeypatch):
    install(tmp_path, monkeypatch, "second", {"second_hinge.py": method_source("hinge")}, {"second": "second_hinge"})
    monkeypatch.setenv(host.ONLY, "hinge,second")
    (check,) = named(checks(tmp_path), "plugins")
    assert check.state == "problem"
    assert "two plugins offer a method called 'hinge'" in check.detail


def test_a_plugin_name_that_nobody_has_is_a_problem(tmp_path: Path, monkeypatch):
    monkeypatch.setenv(host.ONLY, "nobody")
    (check,) = named(checks(tmp_path), "plugins")
    assert check.state == "problem"
    assert check.detail.startswith(f"{host.ONLY}: no installed plugin is called 'nobody'")


def test_the_offline_switches_are_read(only_hinge, tmp_path: Path, monkeypatch):
    for name in doctor.OFFLINE:
        monkeypatch.delenv(name, raising=False)
    assert "may be downloaded" in named(checks(tmp_path), "network")[0].detail
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE" in named(checks(tmp_path), "network")[0].detail


def test_a_missing_optional_package_is_no_fault_but_its_fix_is_told(only_hinge, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(doctor, "OPTIONAL", {"no-such-distribution": "nothing at all"})
    (check,) = named(checks(tmp_path), "no-such-distribution")
    assert (check.state, check.fix) == ("ok", "pip install -c constraints.txt no-such-distribution")


def test_importing_the_doctor_loads_no_torch():
    code = "import sys, harness.doctor; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_the_engine_chose_on_this_machine_is_told(only_hinge, tmp_path: Path):
    (check,) = named(checks(tmp_path), "engine")
    assert check.state in {"ok", "warning"}
    assert "matrix products" in check.detail
    assert "attention" in check.detail
