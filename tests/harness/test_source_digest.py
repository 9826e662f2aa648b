"""The digest of a plugin's code changes when its code does, and only then."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.source_digest import source_digest, source_files

FILES = {
    "__init__.py": "",
    "method.py": "from .parts import losses\nfrom . import scale as scaling\nimport json\nfrom os import path\n",
    "scale.py": "FACTOR = 2\n",
    "parts/__init__.py": "",
    "parts/losses.py": "def late():\n    from ..shared import thing\n    return thing\n",
    "shared.py": "from digested.absolute import late\nimport digested.space.inner\nthing = 1\n",
    "absolute.py": "raise RuntimeError('nothing may run this')\n",
    "space/inner.py": "from digested import compiled\nimport digested.deep.leaf\n",
    "deep/__init__.py": "",
    "deep/leaf.py": "",
    "compiled.so": "no Python source",
    "unrelated.py": "other = 1\n",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "digested"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_what_a_module_imports_from_its_own_package_is_followed(package: Path):
    assert set(source_files("digested.method")) == {
        "digested",
        "digested.method",
        "digested.scale",
        "digested.parts",
        "digested.parts.losses",
        "digested.shared",
        "digested.absolute",
        "digested.space.inner",
        "digested.deep",
        "digested.deep.leaf",
    }


def test_nothing_is_imported_to_find_it(package: Path):
    source_digest("digested.method")
    assert not [name for name in sys.modules if name.startswith("digested")]


@pytest.mark.parametrize(
    "changed", ["method.py", "scale.py", "parts/losses.py", "absolute.py", "parts/__init__.py", "space/inner.py"]
)
def test_changing_imported_text_changes_the_digest(package: Path, changed: str):
    before = source_digest("digested.method")
    with (package / changed).open("a") as handle:
        handle.write("# one more line\n")
    assert source_digest("digested.method") != before


def test_changing_unrelated_text_does_not_change_the_digest(package: Path):
    before = source_digest("digested.method")
    (package / "unrelated.py").write_text("other = 2\n")
    (package / "new.py").write_text("")
    assert source_digest("digested.method") == before


def test_the_digest_does_not_depend_on_where_the_package_lies(package: Path, tmp_path: Path, monkeypatch):
    before = source_digest("digested.method")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    package.rename(elsewhere / "digested")
    monkeypatch.syspath_prepend(elsewhere)
    assert source_digest("digested.method") == before


def test_a_sibling_that_does_not_parse_still_counts(package: Path):
    (package / "scale.py").write_text("def (\n")
    before = source_digest("digested.method")
    (package / "scale.py").write_text("def )\n")
    assert source_digest("digested.method") != before


def test_a_single_file_is_its_own_package(tmp_path: Path, monkeypatch):
    (tmp_path / "single_file_plugin.py").write_text("import json\nimport harness\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert list(source_files("single_file_plugin")) == ["single_file_plugin"]


def test_what_is_not_there_has_no_source():
    assert source_files("a_module_that_nobody_has.inner") == {}


def test_the_host_is_left_out_of_our_own_plugins():
    files = source_files("harness_plugins.methods.dpo")
    assert "harness_plugins.methods.dpo" in files
    assert not [name for name in files if name.split(".")[0] != "harness_plugins"]
