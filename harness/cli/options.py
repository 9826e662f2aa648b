"""Arguments and options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ResultsFolder = Annotated[Path, typer.Argument(help="A suite's results folder, such as results/core.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
