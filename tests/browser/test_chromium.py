import os
import subprocess
import sys
from pathlib import Path

import chromium
import pytest

SCRIPT = Path(chromium.__file__)


def run(**environment):
    done = subprocess.run(
        [sys.executable, str(SCRIPT)], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def fake(tmp_path):
    def make(name):
        path = tmp_path / name
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
        return path

    return make


def test_a_browser_on_the_path_is_found(fake, tmp_path, monkeypatch):
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert chromium.find() is None
    path = fake("chromium-browser")
    assert chromium.find() == path


def test_the_one_that_is_named_comes_first_and_no_other_takes_its_place(fake, tmp_path, monkeypatch):
    fake("chromium")
    monkeypatch.setenv("PATH", str(tmp_path))
    other = fake("other")
    monkeypatch.setenv(chromium.VARIABLE, str(other))
    assert chromium.find() == other
    monkeypatch.setenv(chromium.VARIABLE, str(tmp_path / "gone"))
    assert chromium.find() is None


def test_where_nothing_can_be_installed_the_script_says_why_and_does_not_fail(tmp_path):
    said = run(PATH=str(tmp_path), HARNESS_CHROMIUM="")
    assert said == "no browser: there is no apt-get; tests/browser will be skipped"


def test_a_package_manager_that_fails_is_told_of(fake, tmp_path, monkeypatch):
    if os.geteuid() != 0:
        pytest.skip("only root may install packages")
    fake("apt-get").write_text("#!/bin/sh\necho the mirror is gone >&2\nexit 100\n")
    said = run(PATH=str(tmp_path), HARNESS_CHROMIUM="")
    assert "update ended with 100: the mirror is gone; tests/browser will be skipped" in said
