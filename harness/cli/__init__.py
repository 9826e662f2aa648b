"""The command line. `harness.cli.main` is what the command `harness` runs."""

from harness.cli.app import main

__all__ = ["main"]
