"""Where suites lie: a path, or the name of one that ships with the harness."""

from __future__ import annotations

from pathlib import Path

from harness.errors import SuiteError, nearest


def shipped_folder() -> Path:
    """The folder of shipped suites: inside the package once installed, beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "shipped_suites"
    return installed if installed.is_dir() else package.parent / "suites"


def list_suites() -> dict[str, Path]:
    """The shipped suites, by name."""
    return {path.stem: path for path in sorted(shipped_folder().glob("*.yaml"))}


def find_suite(reference: str, *, folder: Path | None = None, where: str = "") -> Path:
    """The file that `reference` means: that of this path, else the shipped suite of this name.

    Args:
        folder: what a relative path is relative to; the working folder by default.
        where: what names the suite, for the error.

    Raises:
        SuiteError: there is neither.
    """
    path, shipped = folder or Path.cwd(), list_suites()
    try:
        path /= Path(reference).expanduser()
        is_file, is_folder = path.is_file(), path.is_dir()
    except (OSError, ValueError, RuntimeError):
        is_file = is_folder = False
    if is_file:
        return path
    if reference in shipped:
        return shipped[reference]
    what = "a folder, not a suite file" if is_folder else "neither a file nor a shipped suite"
    raise SuiteError(f"{reference!r} is {what}; shipped: {nearest(reference, shipped)}", where=where)
