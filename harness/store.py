"""The results folder: finished steps, each complete only once its folder is renamed into place.

results/steps/<digest>/record.json and payload files
results/failed/<digest>.json           the last failure of a step that is not done
results/tmp/<digest>.<process>/        work in flight; of no value to anybody else
results/shared/<name>/                 what evaluators keep for all rows and runs: a judge's verdicts
results/<suite>/run.json, leaderboard.*
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json

from harness.errors import StoreError
from harness.long_lived import long_lived
from harness.records import Record, RunManifest
from harness.upgrades import read_record, upgrade_manifest

RECORD = "record.json"
SHARED = "shared"
POLICY = "policy"
"""Payload folder of a step that made a policy."""


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8, so that it is there whole or not at all.

    Raises:
        StoreError: it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as handle:
            handle.write(content.encode() if isinstance(content, str) else content)
            handle.flush()
            os.fsync(handle.fileno())
        partial.replace(path)
    except OSError as error:
        fix = "make room or name another folder; what was finished is kept, so the same command goes on"
        raise StoreError(f"{path} cannot be written: {error}", fix=fix) from error
    finally:
        with contextlib.suppress(OSError):  # after an interrupt too; where all went well, it is there no more
            partial.unlink()


def _sync(folder: Path) -> None:
    """Flush every file of a folder, and the folder, to the disk."""
    for path in [*(p for p in folder.rglob("*") if p.is_file()), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@dataclass(frozen=True)
class Store:
    """A results folder."""

    root: Path

    def prepare(self) -> None:
        """Make the folder and throw away what dead processes left in flight.

        Raises:
            StoreError: the folder cannot be written.
        """
        try:
            for name in ("steps", "failed", "tmp"):
                (self.root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.root} cannot be used for results: {error}", fix="name another --results"
            ) from error
        for left in (self.root / "tmp").iterdir():
            if not _another_runs(left.suffix[1:]):
                shutil.rmtree(left, ignore_errors=True)

    def folder(self, digest: str) -> Path:
        """Where a finished step lies."""
        return self.root / "steps" / digest

    def done(self, digest: str) -> bool:
        """True if the step is finished."""
        return os.path.isfile(f"{self.root}/steps/{digest}/{RECORD}")  # noqa: PTH113  # asked of 100,000 steps

    def finished(self, digests: Iterable[str]) -> frozenset[str]:
        """Those of the steps that are finished. The folder is read once, however many steps there are."""
        return frozenset(digest for digest in self._begun(digests) if self.done(digest))

    def _begun(self, digests: Iterable[str]) -> list[str]:
        """Those of the steps that have a folder, which is all but always those that are finished."""
        try:
            there = set(os.listdir(self.root / "steps"))  # noqa: PTH208  # names alone, of 100,000 folders
        except OSError:
            return []
        return [digest for digest in digests if digest in there]

    def record(self, digest: str) -> Record:
        """The record of a finished step.

        Raises:
            StoreError: it cannot be read.
        """
        found = self._record(digest)
        if found is None:
            path = self.folder(digest) / RECORD
            raise StoreError(f"step {digest} has no record", where=str(path), fix="run its suite again")
        return found

    def _record(self, digest: str) -> Record | None:
        """None where there is no such file. Raises as `record` does."""
        path = f"{self.root}/steps/{digest}/{RECORD}"
        try:
            with open(path, "rb", buffering=0) as file:  # noqa: PTH123  # asked of 100,000 steps
                return read_record(file.read())
        except FileNotFoundError:
            return None
        except StoreError as error:
            raise StoreError(error.problem, where=path, fix=error.fix) from error
        except (OSError, ValueError) as error:
            raise StoreError(
                f"the record of step {digest} cannot be read: {error}", where=path, fix="delete its folder"
            ) from error

    @long_lived()
    def records(self, digests: Iterable[str]) -> dict[str, Record]:
        """The records of those steps that are finished."""
        found = ((digest, self._record(digest)) for digest in self._begun(dict.fromkeys(digests)))
        return {digest: record for digest, record in found if record is not None}

    @contextmanager
    def working_folder(self, digest: str) -> Generator[Path]:
        """A folder for work in flight; gone afterwards unless `commit` moved it."""
        folder = self.root / "tmp" / f"{digest}.{os.getpid()}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def commit(self, record: Record, folder: Path) -> None:
        """Make a step done: write its record beside the payload, flush, and rename the folder into place."""
        write_atomically(folder / RECORD, record.model_dump_json(indent=1) + "\n")
        _sync(folder)
        target = self.folder(record.digest)
        if all((target / name).exists() for name in (RECORD, *record.payload)):
            return
        shutil.rmtree(target, ignore_errors=True)
        folder.rename(target)
        _sync_directory(target.parent)
        self.failure(record.digest).unlink(missing_ok=True)

    def failure(self, digest: str) -> Path:
        """Where the last failure of a step is noted, with its traceback."""
        return self.root / "failed" / f"{digest}.json"

    def fail(self, digest: str, reason: str, trace: str) -> None:
        """Note the failure of a step; it is tried again by the next run."""
        text = json.dumps({"digest": digest, "reason": reason, "traceback": trace}, indent=1)
        write_atomically(self.failure(digest), text + "\n")

    def drop_payload(self, digest: str, name: str) -> None:
        """Remove a payload folder that is no longer wanted; the record stays."""
        doomed = self.root / "tmp" / f"{digest}-{name}.{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            (self.folder(digest) / name).rename(doomed)  # at once: half a payload would look like a whole one
        shutil.rmtree(doomed, ignore_errors=True)

    def write_manifest(self, manifest: RunManifest) -> Path:
        """Write `run.json` of a suite; returns the suite's folder."""
        folder = self.root / manifest.suite
        write_atomically(folder / "run.json", manifest.model_dump_json(indent=1) + "\n")
        return folder


def digests_of(manifest: RunManifest) -> list[str]:
    """Of the steps whose records a board is made from."""
    digests = [cell.digest for row in manifest.rows for cell in row.cells if cell.digest is not None]
    digests += [step.digest for step in manifest.shared]
    return digests + ([manifest.audit.digest] if manifest.audit and manifest.audit.digest else [])


def _sync_directory(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _another_runs(process: str) -> bool:
    return process.isdigit() and runs(int(process)) and int(process) != os.getpid()


def runs(process: int) -> bool:
    """Whether there is a process of this number on this machine."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def root_of(folder: Path) -> Path:
    """The results folder `results` of a suite's folder `results/core`, also where that is named `.` or `..`."""
    return (folder if folder.name not in {"", ".."} else folder.resolve()).parent


def read_manifest(folder: Path) -> RunManifest:
    """`run.json` of a suite's results folder.

    Raises:
        StoreError: there is none, or it cannot be read.
    """
    path = folder / "run.json"
    try:
        return upgrade_manifest(from_json(path.read_bytes()))
    except (FileNotFoundError, NotADirectoryError):
        board_alone = (folder / "leaderboard.json").is_file()
        fix = "run its suite again: a board alone holds no values per item" if board_alone else ""
        raise StoreError(
            f"{folder} holds no results of a suite: run.json is missing",
            fix=fix or "name a folder such as results/core",
        ) from None
    except StoreError as error:
        raise StoreError(error.problem, where=str(path), fix=error.fix) from error
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} cannot be read: {error}", fix="run its suite again, which writes it anew") from error
