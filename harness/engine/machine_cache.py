"""What is found out about a machine once and kept: where it lies, and what names the machine."""

from __future__ import annotations

import logging
import os
import platform
import stat
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)

FOLDER = "HARNESS_CACHE"
"""Environment variable: the folder of what is found out about this machine."""


def machine_cache() -> Path:
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


@cache
def processor() -> str:
    """Names the processor: its model and what it can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    told = ("model name", "flags", "Features", "CPU part")
    known = {line.split(":", 1)[0].strip(): line.split(":", 1)[1].strip() for line in lines if ":" in line}
    return " | ".join(known[name] for name in told if name in known) or platform.machine()


def kept(name: str, measure: Callable[[], M], shape: type[M]) -> M:
    """What was measured before and kept under `name`, else what `measure` finds now, which is then kept. Of two
    processes that measure at once, both take what was kept first.

    Args:
        name: of a file.
        measure: a few seconds of work.
        shape: of what is kept; a file that holds something else counts as broken.
    """
    try:
        path = machine_cache() / name
    except OSError:  # there is no folder at all that can be written
        return measure()
    known = _read(path, shape)
    if known is not None:
        return known
    found = measure()
    part = path.with_suffix(f".{os.getpid()}")
    try:
        part.write_text(found.model_dump_json(indent=1), encoding="utf-8")
        if path.is_file() and _read(path, shape) is None:
            path.unlink()  # it is broken
        os.link(part, path)
    except FileExistsError:
        found = _read(path, shape) or found
    except OSError as error:
        log.debug("what was found out about the machine could not be kept", exc_info=error)
    part.unlink(missing_ok=True)
    return found


def _read(path: Path, shape: type[M]) -> M | None:
    try:
        return shape.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        return None
