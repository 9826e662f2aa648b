"""What `--json` prints."""

from __future__ import annotations

import json
import sys
from typing import Any

from harness.render.visible import escaped


def print_json(value: Any) -> None:
    """Plain data as JSON on standard output; texts from outside steer no terminal."""
    sys.stdout.write(escaped(json.dumps(value, indent=1, ensure_ascii=False)) + "\n")
