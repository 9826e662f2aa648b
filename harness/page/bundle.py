"""Vega, Vega-Lite and Vega-Embed as one script, which a page carries with it."""

from __future__ import annotations

import hashlib
import logging
import os
from importlib.metadata import version
from pathlib import Path

from harness.errors import HarnessError
from harness.user_cache import user_cache

log = logging.getLogger(__name__)

OFFERED = "window.vegaEmbed = vegaEmbed;"
"""What the script gives to the page."""
_ENDS = ("</script", "<!--", "\r", "\0")
"""What a script inside a page cannot hold."""


def vega_bundle() -> str:
    """The script, from the user's cache if it was made there before by this version of vl-convert.

    Raises:
        HarnessError: it cannot stand inside a page.
    """
    try:
        kept = user_cache() / f"vega-{version('vl-convert-python')}.js"
    except OSError:  # there is no folder at all that can be written
        return _made()
    return _read(kept) or _keep(_made(), kept)


def _made() -> str:
    import vl_convert

    script = vl_convert.javascript_bundle(OFFERED)
    if any(end in script for end in _ENDS):
        raise HarnessError(
            f"the charting script of vl-convert-python {version('vl-convert-python')} cannot stand inside a page",
            fix="install the version that constraints.txt names",
        )
    return script


def _read(path: Path) -> str | None:
    """What is kept, if it is whole: its first line holds the digest of the rest, and of what was asked for."""
    try:
        told, _, script = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, ValueError):
        return None
    return script if told == _seal(script) else None


def _keep(script: str, path: Path) -> str:
    part = path.with_suffix(f".{os.getpid()}")
    try:
        part.write_text(f"{_seal(script)}\n{script}", encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        log.debug("the charting script could not be kept", exc_info=error)
        part.unlink(missing_ok=True)
    return script


def _seal(script: str) -> str:
    told = hashlib.sha256(OFFERED.encode())
    told.update(script.encode())
    return f"// sha256 {told.hexdigest()}"
