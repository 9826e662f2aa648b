import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from harness.engine.native import library as built

SCORE = """
import sys
sys.path.insert(0, sys.argv[1])
import tiny
from harness.engine.machine import machine
from harness.engine.native.library import library
model = tiny.language_model()
model.forward(model.encoder.examples([tiny.example("w1 w2", "w3", "w4 w5")])).total.sum().backward()
print(machine().attention, model.fusions.names, library().refusal, sep="|")
"""


def in_a_new_process(tmp_path, **environment):
    support = str(Path(__file__).parents[3] / "support")
    given = {**os.environ, "HARNESS_CACHE": str(tmp_path), "OMP_NUM_THREADS": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-c", SCORE, support], env=given, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip().splitlines()[-1].split("|")


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({"HARNESS_NATIVE": "0"}, "switched off by HARNESS_NATIVE=0"),
        ({"CXX": "/no/such/compiler"}, "could not be made"),
        ({"CXX": sys.executable}, "failed"),
        ({"CXX": "", "PATH": ""}, "no C++ compiler"),
    ],
)
def test_why_nothing_is_compiled_is_told(environment, reason, tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = built.library.__wrapped__()
    assert found.functions is None
    assert reason in found.refusal


def test_without_a_compiler_the_engine_uses_torch_and_says_so(tmp_path):
    attention, fused, refusal = in_a_new_process(tmp_path, CXX="", PATH="")
    assert attention in {"blocked", "sdpa"}
    assert fused == "()"
    assert "no C++ compiler" in refusal


@pytest.mark.skipif(built.library().functions is None, reason="no compiler on this machine")
def test_what_is_compiled_once_is_found_again(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    compiler = [os.environ.get("CXX") or "c++"]
    first = built._built(compiler)
    stamp = first.stat().st_mtime_ns
    assert built._built(compiler) == first
    assert first.stat().st_mtime_ns == stamp
    assert list(tmp_path.iterdir()) == [first]


@pytest.mark.skipif(built.library().functions is None, reason="no compiler on this machine")
def test_a_kept_file_that_cannot_be_loaded_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("HARNESS_CACHE", str(tmp_path))
    compiler = built._compiler()
    path = built._built(compiler)
    path.write_bytes(b"half of it")
    assert built._loaded(compiler).vector_width() in {4, 8, 16}


def test_a_compiler_may_have_flags_and_a_path_with_spaces(monkeypatch):
    monkeypatch.setenv("CXX", "ccache '/my tools/g++' -m64")
    assert built._compiler() == ["ccache", "/my tools/g++", "-m64"]
    monkeypatch.delenv("CXX")
    monkeypatch.setattr(built.shutil, "which", lambda name: "/my tools/g++" if name == "g++" else None)
    assert built._compiler() == ["/my tools/g++"]


def test_what_a_compiler_says_may_be_in_any_encoding(tmp_path):
    talker = tmp_path / "talker"
    talker.write_bytes(b"#!/bin/sh\nprintf 'ferm\\351'\n")
    talker.chmod(0o755)
    assert built._said([str(talker)]).startswith("ferm")


def test_the_operations_leave_other_tensors_to_torch():
    assert not built.usable(torch.zeros(1, dtype=torch.float64))
    assert not built.usable(torch.zeros(1, device="meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not built.usable(torch.zeros(1))
