"""What judges were paid for: one line a verdict, appended, shared by rows, runs and processes."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

Verdict = Mapping[str, Any]

FILE = "verdicts.jsonl"
_AT_ONCE = 1 << 24
"""Bytes read in one go."""


class Verdicts:
    """Verdicts by key, in a file that is only ever appended to.

    A line begins and ends with a line break, so that one that a killed process left unfinished spoils no other.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        self._file = os.open(folder / FILE, flags, 0o644)
        self._claims = os.open(folder / "claims.lock", flags, 0o644)
        self._known: dict[str, Verdict] = {}
        self._read = 0
        self._broken = 0
        self._mutex = threading.Lock()
        self._refresh()

    def __enter__(self) -> Verdicts:
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._file)
        os.close(self._claims)

    @property
    def broken(self) -> int:
        """Lines that could not be read so far, and were skipped."""
        return self._broken

    def get(self, key: str) -> Verdict | None:
        """The verdict of this key, those of other processes included."""
        with self._mutex:
            if key not in self._known:
                self._refresh()
            return self._known.get(key)

    def put(self, key: str, verdict: Verdict) -> None:
        """Keep a verdict; it is on the disk when this returns."""
        self.put_all({key: verdict})

    def put_all(self, verdicts: Mapping[str, Verdict]) -> None:
        """Keep some verdicts, in one write; they are on the disk when this returns."""
        if not verdicts:
            return
        lines = "".join("\n" + json.dumps({"key": key, **verdict}) + "\n" for key, verdict in verdicts.items()).encode()
        with self._mutex:
            written = os.write(self._file, lines)
            if written != len(lines):
                raise OSError(f"only {written} of {len(lines)} bytes of verdicts could be written: is the disk full?")
            os.fsync(self._file)
            self._known.update(verdicts)

    def claim(self, key: str) -> bool:
        """Whether from now on no other process asks for the same verdict, until `release`; False where another does
        so now. A killed process holds nothing.
        """
        import fcntl

        try:  # never blocking: the system takes locks of two threads of a process for a deadlock
            fcntl.lockf(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _byte(key))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def release(self, key: str) -> None:
        """Let others ask again."""
        import fcntl

        fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, _byte(key))

    @contextmanager
    def claimed(self, key: str) -> Generator[None]:
        """Wait for the claim, and hold it for a while."""
        while not self.claim(key):
            time.sleep(0.02)
        try:
            yield
        finally:
            self.release(key)

    def _refresh(self) -> None:
        """Read what was appended since, up to the last line break."""
        left = b""
        while fresh := os.pread(self._file, _AT_ONCE, self._read + len(left)):
            left += fresh
            whole, left = left[: left.rfind(b"\n") + 1], left[left.rfind(b"\n") + 1 :]
            self._read += len(whole)
            for line in whole.split(b"\n"):
                self._take(line)

    def _take(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        key = cast("dict[str, Any]", found).pop("key", None) if isinstance(found, dict) else None
        if isinstance(key, str):
            self._known[key] = cast("Verdict", found)
        else:
            self._broken += 1


def _byte(key: str) -> int:
    """The place in the file of claims that stands for a key: its first 48 bits."""
    return int(key[:12], 16)
