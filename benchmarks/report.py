"""What every script does with its figures: a table for people, JSON for machines."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


def parser(doc: str | None) -> argparse.ArgumentParser:
    """A parser that takes `--json`."""
    made = argparse.ArgumentParser(description=doc.splitlines()[0] if doc else "")
    made.add_argument("--json", nargs="?", const="-", help="write every figure to a file; alone: to standard output")
    return made


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """A table whose first column is words and the others numbers."""
    made = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        made.add_column(column, justify="right" if place else "left")
    for row in rows:
        made.add_row(*(f"{cell:,.4g}" if isinstance(cell, float) else str(cell) for cell in row))
    return made


def show(found: Mapping[str, Any], asked: argparse.Namespace, parts: Sequence[Table | str]) -> None:
    """Print tables and lines, and write the figures where `--json` says: a file, or standard output for them alone."""
    settings = {name: str(v) if isinstance(v, Path) else v for name, v in vars(asked).items() if name != "json"}
    screen = Console(stderr=asked.json == "-")
    screen.width = max(screen.width, 110)
    for part in parts:
        screen.print(part, highlight=False, soft_wrap=isinstance(part, str))
    written = json.dumps({"settings": settings, "machine": machine(), **found}, indent=1) + "\n"
    if asked.json == "-":
        sys.stdout.write(written)
    elif asked.json:
        Path(asked.json).write_text(written)


def engine_line(facts: Mapping[str, Any]) -> str:
    """What the engine chose, and what it refused."""
    return "engine: " + ", ".join(f"{name} {value}" for name, value in facts.items() if value not in ("", None))


def machine() -> dict[str, Any]:
    """What figures depend on besides the code."""
    from importlib.metadata import version

    packages = ("torch", "transformers", "trl", "lm_eval")
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "threads": os.environ.get("OMP_NUM_THREADS", "default"),
        "load_average": load,
        **{name: _version(version, name) for name in packages},
    }


def _version(version: Any, name: str) -> str | None:
    from importlib.metadata import PackageNotFoundError

    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    import platform

    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
