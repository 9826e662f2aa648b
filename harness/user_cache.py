"""The folder in which a user's machine keeps what is found out or made once, and can be made again at any time."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

FOLDER = "HARNESS_CACHE"
"""Environment variable: the folder of what is kept."""


def user_cache() -> Path:
    """The folder, which is there: `HARNESS_CACHE`, else `harness` in the user's cache folder, else, where that cannot
    be written, one of the user's in the folder for temporary files.
    """
    named = os.environ.get(FOLDER)
    home = os.environ.get("XDG_CACHE_HOME")
    try:
        folder = Path(named) if named else (Path(home) if home else Path.home() / ".cache") / "harness"
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):  # the latter where nobody knows the user's home
        return _temporary()


def _temporary() -> Path:
    """The user's own among the folders for temporary files, which anybody may write: code is loaded from it."""
    user = os.getuid() if hasattr(os, "getuid") else None
    folder = Path(tempfile.gettempdir()) / f"harness-{'cache' if user is None else user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if user is not None and (not stat.S_ISDIR(found.st_mode) or found.st_uid != user or found.st_mode & 0o022):
        raise PermissionError(f"{folder} is another user's, or open to others")
    return folder
