"""Compiles the operations once per machine, keeps the result in the user's cache, and loads it.

No compiler, another compiler or a read-only home are no errors: `library` then gives the reason, the engine uses
torch's own operations, and records say so.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from harness.engine.machine_cache import processor
from harness.user_cache import user_cache

SOURCES = ("attention.cpp", "newest.cpp", "rows.cpp")
HEADERS = ("vectors.h",)
FLAGS = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fopenmp")
SWITCH = "HARNESS_NATIVE"
"""Environment variable: 0 leaves the compiled operations out."""
SECONDS = 120
"""For the compiler, at most. It takes some three."""


@dataclass(frozen=True)
class Library:
    """The loaded operations, or why there are none."""

    functions: ctypes.CDLL | None
    refusal: str = ""

    @property
    def name(self) -> str:
        """Of its file, which says what it was made from; empty where there is none."""
        return Path(self.functions._name).name if self.functions else ""


class Heads(ctypes.Structure):
    """A float32 tensor of (tokens, heads, width) whose last dimension is dense."""

    _fields_ = (("data", ctypes.c_void_p), ("token", ctypes.c_int64), ("head", ctypes.c_int64))


def heads(x: Tensor) -> ctypes._CArgObject:  # pyright: ignore[reportPrivateUsage]
    """A tensor of (tokens, heads, width) as the functions take it; it must outlive the call."""
    return ctypes.byref(Heads(x.data_ptr(), x.stride(0), x.stride(1)))


def dense(x: Tensor) -> Tensor:
    """A tensor whose last dimension is dense, as `heads` needs it; the tensor itself where it is."""
    return x if x.stride(-1) == 1 else x.contiguous()


def pointer(x: Tensor) -> ctypes.c_void_p:
    """A dense tensor as the functions take it; it must outlive the call."""
    return ctypes.c_void_p(x.data_ptr())


def usable(x: Tensor) -> bool:
    """Whether the compiled operations can take this tensor: float32 on a CPU, outside autocast."""
    on_cpu = x.device.type == "cpu" and x.dtype == torch.float32
    return on_cpu and library().functions is not None and not torch.is_autocast_enabled("cpu")


def functions() -> ctypes.CDLL:
    """The compiled operations, where there are any."""
    found = library().functions
    assert found is not None
    return found


@cache
def library() -> Library:
    """Built at the first call of a machine, some three seconds; loaded at the first call of a process."""
    if os.environ.get(SWITCH) == "0":
        return Library(None, f"switched off by {SWITCH}=0")
    if not (compiler := _compiler()):
        return Library(None, "this machine has no C++ compiler")
    try:
        return Library(_loaded(compiler))
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        return Library(
            None, f"{Path(compiler[0]).name} failed: {said[0] if said else f'exit status {error.returncode}'}"
        )
    except subprocess.TimeoutExpired:
        return Library(None, f"{Path(compiler[0]).name} took more than {SECONDS} s")
    except OSError as error:
        return Library(None, f"the compiled operations could not be made: {error.strerror or error}")


def _compiler() -> list[str]:
    """The command, with the flags that `CXX` may have; nothing where there is none."""
    named = shlex.split(os.environ.get("CXX", ""))
    found = next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
    return named or ([found] if found else [])


def _loaded(compiler: Sequence[str]) -> ctypes.CDLL:
    """Made again, once, where the file that is kept cannot be loaded."""
    path = _built(compiler)
    try:
        return ctypes.CDLL(str(path))
    except OSError:
        path.unlink(missing_ok=True)
        return ctypes.CDLL(str(_built(compiler)))


def _built(compiler: Sequence[str]) -> Path:
    folder = Path(__file__).parent
    command = [
        *compiler,
        *FLAGS,
        "-mcpu=native" if platform.machine() in {"arm64", "aarch64"} else "-march=native",
    ]
    told = hashlib.sha256()
    for name in (*SOURCES, *HEADERS):
        told.update((folder / name).read_bytes())
    told.update("\n".join([*command, _said([*compiler, "--version"]), processor()]).encode())
    target = user_cache() / f"native-{told.hexdigest()[:20]}.so"
    if not target.is_file():
        with tempfile.TemporaryDirectory(dir=target.parent) as folder_of_build:
            made = Path(folder_of_build) / target.name
            sources = [str(folder / name) for name in SOURCES]
            _said([*command, *sources, "-o", str(made), *_openmp()])
            made.replace(target)
    return target


def _said(command: Sequence[str]) -> str:
    """What a command that succeeds writes, in whatever encoding."""
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=True, timeout=SECONDS
    )
    return done.stdout


def _openmp() -> list[str]:
    """Torch's own OpenMP, where it brings one: two in a process would each keep their threads spinning."""
    own = Path(torch.__file__).parent
    found = [*own.glob("lib/libgomp*.so*"), *own.parent.glob("torch.libs/libgomp*.so*")]
    return [str(found[0])] if found else []
