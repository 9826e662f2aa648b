"""Payload files of steps, in whichever results folder they lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.store import Store


def payload(stores: Sequence[Store], digest: str, name: str) -> Path | None:
    """The first there is; None where there is none."""
    paths = (store.folder(digest) / name for store in stores)
    return next((path for path in paths if path.is_file()), None)
