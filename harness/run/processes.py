"""Processes that work for a run, and the one they are forked from.

The run forks one process, the nursery, before anything is computed: it loads what steps need, computes nothing, and is
copied for every worker. So nothing is imported or read twice, plugins and data need not be pickled, and a worker that
died is replaced by a fresh one without a fork of a process that has threads.

All of them hold the reading end of one pipe, whose writing end the run alone holds: when it is gone, however it ended,
they end too, in the middle of what they do.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import struct
import sys
import threading
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NoReturn, TypeAlias

from harness.errors import HarnessError
from harness.reporter import Progress
from harness.run.crew import Crew

ORDER = struct.Struct("ci")
"""To the nursery: HIRE and the number of the new worker, with its connection beside it; or BURY and a process id."""
HIRE, BURY = b"h", b"b"
ANSWER = struct.Struct("i")
"""From the nursery: the new process id, or how the dead one ended, as `os.waitpid` has it."""

EVERY = 0.1
"""Seconds between two messages about the progress of a step."""

LIBRARIES = ("transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto")
"""Loaded once for all workers."""

Told: TypeAlias = tuple[str, Any]
"""What a worker says: what it is about, and a value."""
Work: TypeAlias = Callable[["Line"], None]
"""What a worker does: takes its tasks from a line, and says on it how they end, until the line is cut."""


class Line:
    """From a worker to the run. Evaluators speak from threads of their own."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._mutex = connection, threading.Lock()

    def task(self) -> Any:
        """What is to be done next.

        Raises:
            EOFError: nothing any more.
        """
        return self._connection.recv()

    def send(self, told: Told) -> None:
        """Tell the run."""
        with self._mutex:
            self._connection.send(told)

    def say(self, text: str) -> None:
        """What a person wants to know."""
        self.send(("say", text))

    def progress(self) -> Progress:
        """Of one step; not every word of it is passed on."""
        shown = 0.0

        def advance(done: int, total: int) -> None:
            nonlocal shown
            if done == total or time.monotonic() - shown >= EVERY:
                shown = time.monotonic()
                self.send(("progress", (done, total)))

        return advance


class Processes:
    """The worker processes of a run; they are gone once it is left, however it is left."""

    def __init__(self, work: Work, crew: Crew) -> None:
        """Fork the nursery. This process must not have computed with torch: see `harness.run.crew.hindered`."""
        self._control, theirs = socket.socketpair()
        life, self._life = os.pipe()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # numpy's threads, which mend themselves after a fork
            self._nursery = os.fork()
        if self._nursery == 0:
            try:
                self._control.close()
                os.close(self._life)
                nursery(work, crew, theirs, life)
            except BaseException as error:
                sys.excepthook(type(error), error, error.__traceback__)
            finally:
                os._exit(1)
        theirs.close()
        os.close(life)

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._life)
        self._control.close()
        with contextlib.suppress(ChildProcessError):  # who started this process may have it ignore SIGCHLD
            os.waitpid(self._nursery, 0)

    def hire(self, number: int) -> tuple[int, Connection]:
        """A new worker: its process id, and what tasks are sent on and answers read from."""
        ours, theirs = Pipe()
        with theirs:
            return self._ask(HIRE, number, [theirs.fileno()]), ours

    def bury(self, process: int) -> str:
        """What became of a worker that is dead, and what to do."""
        return _death(self._ask(BURY, process, []))

    def _ask(self, kind: bytes, number: int, handles: list[int]) -> int:
        told = b""
        with contextlib.suppress(OSError):
            socket.send_fds(self._control, [ORDER.pack(kind, number)], handles)
            told = self._control.recv(ANSWER.size, socket.MSG_WAITALL)
        if len(told) < ANSWER.size:
            raise HarnessError("no process can be started to run steps in", fix="write --workers 1")
        return ANSWER.unpack(told)[0]


def _death(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        how = f"was ended by signal {number} ({signal.Signals(number).name})"
        how += ", perhaps because memory ran out" if number == signal.SIGKILL else ""
    else:
        how = f"left with exit code {os.WEXITSTATUS(status)}"
    return f"the process that ran it {how} (fix: run again; if it happens again, with --workers 1)"


def nursery(work: Work, crew: Crew, control: socket.socket, life: int) -> NoReturn:
    """Fork a worker for every order, until the run is gone."""
    signal.signal(signal.SIGINT, lambda *_: None)  # the run is asked to end by it, and ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # or nobody learns how a worker ended
    _load()
    _measure(crew)
    children: set[int] = set()
    while True:
        told, handles, _, _ = socket.recv_fds(control, ORDER.size, 1)
        if not told:
            _end(children)
        kind, number = ORDER.unpack(told)
        if kind == BURY:
            children.discard(number)
            control.sendall(ANSWER.pack(os.waitpid(number, 0)[1]))
            continue
        child = os.fork()
        if child == 0:
            control.close()
            _live(work, crew, number, Connection(handles[0]), life)
        os.close(handles[0])
        children.add(child)
        control.sendall(ANSWER.pack(child))


def _load() -> None:
    """What every step needs. Loading starts no thread that a fork would lose."""
    from tqdm.auto import tqdm

    for name in ("harness.engine.trainer", "harness.engine.loading", *LIBRARIES):
        importlib.import_module(name)

    # Progress bars share a lock with forks, and a process that is killed with it never gives it back.
    for bar in {kind for base in tqdm.__mro__ if hasattr(base, "set_lock") for kind in (base, *base.__subclasses__())}:
        bar.set_lock(threading.RLock())


def _measure(crew: Crew) -> None:
    """What is fastest on this machine is found, where it is not known, by processes that nothing competes with."""
    for threads in {crew.threads, crew.whole}:
        child = os.fork()
        if child == 0:
            try:
                _settle(replace(crew, threads=threads), 0)
                from harness.engine.machine import machine

                machine()
            finally:
                os._exit(0)
        os.waitpid(child, 0)


def _end(children: set[int]) -> NoReturn:
    for child in children:
        os.kill(child, signal.SIGKILL)
    for child in children:
        os.waitpid(child, 0)
    os._exit(0)


def _live(work: Work, crew: Crew, number: int, connection: Connection, life: int) -> NoReturn:
    _die_with(life)
    os.set_inheritable(connection.fileno(), False)
    os.register_at_fork(after_in_child=lambda: _lose(connection, life))
    try:
        _settle(crew, number)
        work(Line(connection))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        os._exit(0)  # the run is gone
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    os._exit(1)


def _die_with(life: int) -> None:
    """Let this process end when the run is gone."""

    def wait() -> None:
        while os.read(life, 1):
            pass
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _lose(connection: Connection, life: int) -> None:
    """In a process that a step forks. With the line in its hands too, nobody would see it cut when the worker dies."""
    connection.close()
    _die_with(life)


def _settle(crew: Crew, number: int) -> None:
    """One GPU, and so many threads."""
    if crew.gpus:
        os.environ["CUDA_VISIBLE_DEVICES"] = crew.gpus[number % len(crew.gpus)]
    for library in ("OMP", "OPENBLAS", "MKL"):  # for what is loaded later
        os.environ[f"{library}_NUM_THREADS"] = str(crew.threads)

    import torch
    from threadpoolctl import threadpool_limits

    threadpool_limits(crew.threads, "blas")
    torch.set_num_threads(crew.threads)
