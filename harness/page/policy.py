"""What a page may do: run the scripts that it was made with, and nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence


def content_security_policy(scripts: Sequence[str]) -> str:
    """The policy of a page with these inline scripts, to the letter.

    Nothing is loaded from anywhere, nothing is sent, no text becomes code: neither in an element or an attribute that
    is not one of these scripts nor in `eval`. Styles may stand in the page, because charts bring their own.
    """
    allowed = " ".join(f"'sha256-{_digest(text)}'" for text in scripts) or "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {allowed}",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
