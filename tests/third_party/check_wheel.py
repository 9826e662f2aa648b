"""Run by `tox run -e wheel`, where the harness and harness-margin are installed from their wheels and nothing else is.

From an empty folder: the shipped suite `smoke` runs by its name, and so does one that adds the stranger's method, which
is then a row of the board like any other. Ends with an error and its reason where that is not so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

HARNESS = Path(sysconfig.get_path("scripts")) / "harness"
SUITE = Path(__file__).with_name("margin.yaml")


def run(folder: Path, *arguments: str) -> None:
    print("+ harness", *arguments, flush=True)
    subprocess.run([HARNESS, *arguments], cwd=folder, check=True)


def row_of(folder: Path, suite: str, label: str) -> dict[str, Any]:
    board = json.loads((folder / "results" / suite / "leaderboard.json").read_text())
    rows = {row["label"]: row for row in board["rows"]}
    if label not in rows:
        raise SystemExit(f"the board of {suite} has no row {label}; its rows: {', '.join(rows)}")
    return rows[label]


def main() -> None:
    import harness

    if Path(sysconfig.get_path("purelib")) not in Path(harness.__file__).parents:
        raise SystemExit(f"this is not the wheel: harness was imported from {harness.__file__}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(folder, "run", "smoke")
        shutil.copy(SUITE, folder)
        run(folder, "run", SUITE.name)
        ours, theirs = (row_of(folder, SUITE.stem, label) for label in ("dpo", "margin"))
    if theirs["status"] != "done":
        raise SystemExit(f"the row margin is {theirs['status']}: {theirs['reason']}")
    if not theirs["metrics"] or theirs["metrics"].keys() != ours["metrics"].keys():
        raise SystemExit(f"the row margin has other metrics than dpo: {sorted(theirs['metrics'])}")
    if theirs["distribution"] != "harness-margin" or theirs["own"]:
        raise SystemExit(f"the row margin is said to be of {theirs['distribution']}")
    print(f"margin is a row of the board with {len(theirs['metrics'])} metrics")


if __name__ == "__main__":
    main()
