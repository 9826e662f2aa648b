"""Finds a Chromium for tests of the page. As a script: installs Debian's where there is none, or says why it cannot.

python tests/support/chromium.py
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLE = "HARNESS_CHROMIUM"
"""Path of a browser that is to be used, whatever there is besides."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-dejavu-core")
"""A browser without a font draws no letter."""
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE = 300
"""Seconds for each command of the package manager."""


def find() -> Path | None:
    """A browser that Playwright can drive."""
    named = os.environ.get(VARIABLE)
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    return Path(found) if found and Path(found).is_file() else None


def cannot_install() -> str:
    """Why Debian's package cannot be installed from here; empty where it can."""
    if shutil.which("apt-get") is None:
        return "there is no apt-get"
    return "" if os.geteuid() == 0 else "only root may install packages"


def install() -> str:
    """Install it. Returns why it could not be, or nothing."""
    apt = [
        "apt-get",
        "-q",
        "-o",
        "Acquire::Retries=1",
        "-o",
        "Acquire::http::Timeout=30",
        "-o",
        "DPkg::Lock::Timeout=120",
    ]
    commands = [[*apt, "update"], [*apt, "install", "-y", "--no-install-recommends", *PACKAGES]]
    for command in commands:
        try:
            done = subprocess.run(
                command,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"{' '.join(command)}: {error}"
        if done.returncode:
            return f"{' '.join(command)} ended with {done.returncode}: {done.stderr.strip()[-1000:]}"
    return "" if find() else f"the packages {' '.join(PACKAGES)} brought no browser"


def main() -> None:
    """Never fails: the tests of the page are skipped, with this reason, where there is no browser."""
    problem = "" if find() else cannot_install() or install()
    print(f"no browser: {problem}; tests/browser will be skipped" if problem else f"browser: {find()}")  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
