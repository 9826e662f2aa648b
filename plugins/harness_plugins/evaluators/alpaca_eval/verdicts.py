"""What judges were paid for: one line a verdict, appended, shared by rows, runs and processes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Verdict = Mapping[str, Any]


class Verdicts:
    """Verdicts by key, in a file that is only ever appended to.

    A line begins and ends with a line break, so that one that a killed process left unfinished spoils no other.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self._file = os.open(folder / "verdicts.jsonl", flags, 0o644)
        self._claims = os.open(folder / "claims.lock", flags, 0o644)
        self._known: dict[str, Verdict] = {}
        self._read = 0
        self._mutex = threading.Lock()

    def __enter__(self) -> Verdicts:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._file)
        os.close(self._claims)

    def get(self, key: str) -> Verdict | None:
        """The verdict of this key, those of other processes included."""
        with self._mutex:
            if key not in self._known:
                self._refresh()
            return self._known.get(key)

    def put(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict; it is in the file when this returns."""
        line = b"\n" + json.dumps({"key": key, **verdict}).encode() + b"\n"
        with self._mutex:
            written = os.write(self._file, line)
            if written != len(line):
                raise OSError(f"only {written} of {len(line)} bytes of a verdict could be written: is the disk full?")
            self._known[key] = verdict

    @contextmanager
    def claimed(self, key: str) -> Generator[None]:
        """While this is held no other process asks for the same verdict. A killed process holds nothing."""
        import fcntl

        byte = int(key[:12], 16)
        while True:
            try:  # never blocking: the system takes locks of two threads of a process for a deadlock
                fcntl.lockf(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
                break
            except BlockingIOError:
                time.sleep(0.02)
        try:
            yield
        finally:
            fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, byte)

    def _refresh(self) -> None:
        size = os.fstat(self._file).st_size
        fresh = os.pread(self._file, size - self._read, self._read)
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.split(b"\n"):
            try:
                verdict: dict[str, Any] = json.loads(line)
                self._known[verdict.pop("key")] = verdict
            except (ValueError, KeyError, AttributeError):
                continue  # an empty line, or one that was never finished
