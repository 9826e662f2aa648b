"""One side of a comparison in a process of its own: what it answers, how long it took, how much memory it held."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

QUIET = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1", "PYTHONWARNINGS": "ignore"}


def ask(script: str, given: Mapping[str, Any], *, cuda: bool = False) -> dict[str, Any]:
    """Run a script of this folder that ends with `answer`, and return what it answers.

    Args:
        script: its name, without the suffix.
        given: plain data for it.
        cuda: whether it may see GPUs; without them everything runs on the CPU.

    Raises:
        SystemExit: it failed; the end of what it said is in the message.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-") as place:
        asked, answered = Path(place) / "asked.json", Path(place) / "answered.json"
        asked.write_text(json.dumps(given))
        surroundings = {**os.environ, **QUIET} | ({} if cuda else {"CUDA_VISIBLE_DEVICES": ""})
        command = [sys.executable, str(Path(__file__).with_name(f"{script}.py")), str(asked), str(answered)]
        ended = subprocess.run(command, capture_output=True, text=True, env=surroundings, check=False)
        if ended.returncode:
            raise SystemExit(f"{script} failed:\n{ended.stdout[-2000:]}\n{ended.stderr[-4000:]}")
        return json.loads(answered.read_text())


def alone(work: Callable[..., T], *arguments: Any) -> T:
    """The result of a call in a process of its own, which imports anew what it needs."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def answer(side: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """In the fresh process: read what is asked, and write what `side` makes of it."""
    asked, answered = map(Path, sys.argv[1:3])
    answered.write_text(json.dumps(side(json.loads(asked.read_text()))))


@dataclass
class Clock:
    """Seconds on the wall and of the processor (all threads), of everything done inside `with`, added up."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    _started: tuple[float, float] = field(default=(0.0, 0.0), repr=False)

    def __enter__(self) -> Clock:
        synchronise()
        self._started = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        synchronise()
        self.seconds += time.perf_counter() - self._started[0]
        self.cpu_seconds += time.process_time() - self._started[1]


def synchronise() -> None:
    """Wait until the GPU, if one is used, has done what it was told."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_memory() -> dict[str, float]:
    """GB (1e9 bytes): the most this process ever held in main memory, and, where there is a GPU, on that."""
    found = {"peak_rss_gb": _peak_rss() / 1e9}
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        found["peak_cuda_gb"] = torch.cuda.max_memory_allocated() / 1e9
    return found


def _peak_rss() -> int:
    """Bytes. Linux keeps the high-water mark per address space; `ru_maxrss` would hold what the parent had at fork."""
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
