"""What git says of a folder, where there is git."""

from __future__ import annotations

import subprocess
from pathlib import Path

PATIENCE = 10.0
"""Seconds."""


def commit_of(folder: Path) -> str:
    """The commit that the repository of `folder` is at; empty where there is none."""
    done = _git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    return done.stdout.strip() if done is not None and done.returncode == 0 else ""


def ignored(path: Path) -> bool:
    """Whether git leaves `path` out of commits, as a rule of `.gitignore` says."""
    done = _git(path.parent, "check-ignore", "--quiet", "--", path.name)
    return done is not None and done.returncode == 0


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str] | None:
    """None where git cannot be run."""
    command = ["git", "-C", str(folder), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
