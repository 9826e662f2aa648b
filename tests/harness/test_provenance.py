"""Where a step ran and what it took, as plain data, without loading anything to find out."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import psutil
import pytest

from harness import provenance
from harness.digest import plain
from harness.provenance import PACKAGES, Meter, host_facts, installed, memory_bytes, usable_cores, versions
from harness.records import Cost, Provenance

MIB = 1024**2
needs_linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux can forget a peak")


def test_versions_are_those_installed():
    found = versions()
    assert found["torch"] == version("torch")
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert set(found) <= {"python", *PACKAGES}


def test_what_is_not_installed_has_no_version():
    assert installed(("torch", "there-is-no-such-package")) == {"torch": version("torch")}


def test_facts_fit_a_record():
    facts = host_facts()
    assert plain(facts) == facts
    assert facts["cores"] == usable_cores() >= 1
    assert facts["memory_bytes"] > 64 * MIB
    assert facts["processor"]
    Provenance(started="2026-01-01T00:00:00Z", host=facts, versions=versions(), plugins={})


def test_asking_loads_no_torch():
    code = (
        "import sys; from harness.provenance import Meter, host_facts, versions\n"
        "with Meter(): facts = host_facts(), versions()\n"
        "assert facts[0]['gpus'] is None; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_meter_counts_the_time_spent_inside_and_no_more():
    wall, processor = time.perf_counter(), time.process_time()
    with Meter() as meter:
        while time.process_time() - processor < 0.02:
            pass
    assert 0 < meter.seconds <= time.perf_counter() - wall
    assert 0.01 < meter.cpu_seconds <= time.process_time() - processor
    counted = meter.cost_parts()
    while time.process_time() - processor < 0.05:
        pass
    assert meter.cost_parts() == counted


def test_where_no_peak_can_be_forgotten_it_is_that_of_the_whole_process(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(provenance, "_CLEAR", tmp_path / "missing" / "clear_refs")
    monkeypatch.setattr(provenance, "_STATUS", tmp_path / "missing" / "status")
    with Meter() as meter:
        resident = psutil.Process().memory_info().rss
    assert resident - 8 * MIB < meter.peak_bytes <= memory_bytes()  # the kernel counts pages per thread, a little late


@needs_linux
def test_a_peak_before_the_block_is_forgotten_and_one_inside_is_kept():
    large = b"x" * (300 * MIB)
    del large
    with Meter() as without:
        pass
    with Meter() as within:
        large = b"x" * (300 * MIB)
        del large
    assert 250 * MIB < within.peak_bytes - without.peak_bytes < 350 * MIB


def test_a_block_that_fails_is_measured_too():
    meter = Meter()
    with pytest.raises(ZeroDivisionError), meter:
        _ = 1 / 0
    assert meter.peak_bytes > MIB


def test_its_parts_make_a_cost():
    with Meter() as meter:
        pass
    cost = Cost(**meter.cost_parts(), steps=3)
    assert (cost.seconds, cost.cpu_seconds, cost.peak_bytes) == (meter.seconds, meter.cpu_seconds, meter.peak_bytes)
