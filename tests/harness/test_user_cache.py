import os
import tempfile
from pathlib import Path

import pytest

from harness.user_cache import user_cache


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """No folder is named, nobody knows the user's home, and files for the time being lie in a folder of the test."""

    def unknown():
        raise RuntimeError("Could not determine home directory.")

    for name in ("HARNESS_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", unknown)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_without_a_home_it_is_the_users_own_temporary_folder(temporary):
    folder = user_cache()
    assert folder.parent == temporary
    assert folder.stat().st_mode & 0o077 == 0
    assert user_cache() == folder


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders have no owners here")
def test_a_temporary_folder_that_others_may_write_is_not_trusted(temporary):
    user_cache().chmod(0o777)
    with pytest.raises(PermissionError, match="open to others"):
        user_cache()
