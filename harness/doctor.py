"""Whether this machine and this installation can run a suite: a list of checks, as plain data for the command line."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal, TypeAlias

from harness import host, provenance
from harness.errors import PluginError

State: TypeAlias = Literal["ok", "warning", "problem"]

GIB = 1024**3
OPTIONAL = {
    "lm-eval": "lm-eval tasks",
    "alpaca-eval": "AlpacaEval",
    "deepspeed": "training on several processes",
}
"""Distributions that some plugins need and the core suite does not, and what each is for."""
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_DATASETS_OFFLINE")


@dataclass(frozen=True)
class Check:
    """One thing looked at. `fix` says what to do, as an imperative; empty where nothing need be done."""

    name: str
    state: State
    """problem: a run cannot succeed; warning: it can, but slowly or not everywhere."""
    detail: str
    fix: str = ""


def checks(results: Path) -> list[Check]:
    """Everything there is to check, in the order in which to mend it. Loads torch and every plugin.

    Args:
        results: the folder that results would be written to; it need not exist.
    """
    return [
        _python(),
        _harness(),
        *_torch(),
        _memory(),
        _disk(results),
        _writable(results),
        *_plugins(),
        _network(),
        *_optional(),
    ]


def _python() -> Check:
    facts = provenance.host_facts()
    return Check("python", "ok", f"{provenance.versions()['python']} on {facts['processor']}, {facts['system']}")


def _harness() -> Check:
    from harness.version import ENGINE, __version__

    installed = _version("alignment-harness")
    detail = f"{__version__}, engine {ENGINE}, in {Path(__file__).parent}"
    if installed != __version__:
        fix = "install it again: pip install -c constraints.txt -e ."
        return Check("harness", "problem", f"{detail}; but {installed or 'nothing'} is installed", fix)
    return Check("harness", "ok", detail)


def _torch() -> Iterator[Check]:
    try:
        import torch
    except (ImportError, OSError) as error:
        yield Check("torch", "problem", f"does not import: {error}", "install torch with -c constraints.txt")
        return
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    yield Check("torch", "ok", f"{torch.__version__} on {', '.join(gpus) or 'the processor'}")
    if not gpus:
        yield judge_threads(torch.get_num_threads(), provenance.usable_cores())
    yield _engine()


def _engine() -> Check:
    """What is fastest here; measured now where it was not before."""
    from harness.engine.machine import machine

    found = machine()
    taken = {name: f"{ms:.2g} ms" for name, ms in found.milliseconds.items()}
    detail = f"matrix products {found.matmul} ({taken[f'matmul/{found.matmul}']}; highest {taken['matmul/highest']}), "
    way, plain = taken[f"attention/{found.attention}"], taken["attention/blocked"]
    detail += f"attention {found.attention} ({way}; blocked {plain})"
    if reason := found.refused.get("attention/compiled"):
        return Check("engine", "warning", f"{detail}; not compiled: {reason}", "install a C++ compiler, such as g++")
    return Check("engine", "ok", detail)


def judge_threads(threads: int, cores: int) -> Check:
    """Whether torch uses about as many threads as there are cores for this process."""
    detail = f"torch uses {threads} on {cores} cores"
    if threads > cores:
        return Check("threads", "warning", detail, f"set OMP_NUM_THREADS to at most {cores}")
    if threads * 2 < cores:
        return Check("threads", "warning", detail, "unset OMP_NUM_THREADS, or raise it")
    return Check("threads", "ok", detail)


def _memory() -> Check:
    import psutil

    total = provenance.memory_bytes()
    return judge_memory(min(int(psutil.virtual_memory().available), total), total)


def judge_memory(free: int, total: int) -> Check:
    """Whether the core suite fits into so many free bytes."""
    detail = f"{free / GIB:.1f} of {total / GIB:.1f} GiB free"
    if free < 3 * GIB:
        return Check("memory", "warning", detail, "free some: the core suite needs up to 3 GiB")
    return Check("memory", "ok", detail)


def _disk(results: Path) -> Check:
    return judge_disk(shutil.disk_usage(_existing(results)).free, results)


def judge_disk(free: int, results: Path) -> Check:
    """Whether results fit into so many free bytes."""
    detail = f"{free / GIB:.1f} GiB free for {results}"
    if free < GIB // 4:
        return Check("disk", "problem", detail, "free some, or name another --results")
    if free < 2 * GIB:
        return Check("disk", "warning", detail, "free some: kept policies of real models are large")
    return Check("disk", "ok", detail)


def _existing(folder: Path) -> Path:
    """The folder itself, or the nearest one above it that is there."""
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _writable(results: Path) -> Check:
    place = _existing(results)
    try:
        with tempfile.TemporaryDirectory(prefix=".harness-doctor-", dir=place):
            pass
    except OSError as error:
        return Check("results", "problem", f"{results} cannot be written: {error}", "name another --results")
    return Check("results", "ok", f"{results} can be written")


def _plugins() -> Iterator[Check]:
    """One check for what is installed, and one for each plugin that is broken on its own or clashes with others."""
    try:
        entries = host.installed()
    except PluginError as error:
        yield _broken(error)
        return
    sound = True
    for entry in sorted(entries, key=lambda e: e.name):
        try:
            host.load([entry])
        except PluginError as error:
            sound = False
            yield _broken(error)
    if not sound:
        return
    try:
        registry = host.load(entries)
    except PluginError as error:
        yield _broken(error)
        return
    shelves = (registry.methods, registry.evaluators, registry.sources, registry.columns)
    offered = ", ".join(f"{len(shelf.offers)} {shelf.kind}s" for shelf in shelves)
    owners = sorted({f"{origin.distribution} {origin.version}" for origin in registry.plugins})
    only = f" (only those that {host.ONLY} names)" if os.environ.get(host.ONLY) else ""
    state: State = "ok" if registry.plugins else "problem"
    fix = "" if registry.plugins else "install alignment-harness with pip, so that its entry points are there"
    yield Check("plugins", state, f"{offered} from {', '.join(owners) or 'nowhere'}{only}", fix)


def _broken(error: PluginError) -> Check:
    return Check("plugins", "problem", f"{error.where}: {error.problem}".removeprefix(": "), error.fix)


def _network() -> Check:
    on = [name for name in OFFLINE if os.environ.get(name, "").upper() in {"1", "ON", "YES", "TRUE"}]
    detail = f"offline: {', '.join(on)} set" if on else "models and data named by a Hub id may be downloaded"
    return Check("network", "ok", detail)


def _optional() -> Iterator[Check]:
    for package, purpose in OPTIONAL.items():
        found = _version(package)
        detail = f"{found}, for {purpose}" if found else f"not installed; only {purpose} needs it"
        yield Check(package, "ok", detail, "" if found else f"pip install -c constraints.txt {package}")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
