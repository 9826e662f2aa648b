"""What is found out about a machine once and kept, and what names the machine."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from harness.user_cache import user_cache

log = logging.getLogger(__name__)

M = TypeVar("M", bound=BaseModel)


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
        path = user_cache() / name
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
