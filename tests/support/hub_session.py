"""A command run against a Hub of one's own, with tiny models and made-up data under the names of the real ones.

python tests/support/hub_session.py EleutherAI/pythia-410m=gpt_neox Qwen/Qwen3-0.6B=qwen3 -- harness run SUITE
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hub_models import publish_model
from hub_presets import publish_presets
from loopback_hub import serving


def run(models: Mapping[str, str], command: Sequence[str], *, prompts: int = 60, home: Path | None = None) -> int:
    """Run a command that sees these models (id on the Hub -> architecture) and the data sets that have a preset.

    Returns:
        Its exit status.
    """
    with serving() as hub, TemporaryDirectory() as scratch:
        publish_presets(hub, prompts)
        for name, architecture in models.items():
            publish_model(hub, name, architecture)
        return subprocess.run(command, env=hub.environment(home or Path(scratch)), check=False).returncode


if __name__ == "__main__":
    middle = sys.argv.index("--")
    sys.exit(run(dict(argument.split("=", 1) for argument in sys.argv[1:middle]), sys.argv[middle + 1 :]))
