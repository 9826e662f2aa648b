"""The whole suite as it was run, as YAML that `harness run` reads."""

from __future__ import annotations

import json
from typing import Any

from harness.records import RunManifest
from harness.suite.yaml_scalars import scalar

WIDTH = 100


def as_run(manifest: RunManifest) -> str:
    """The suite with every default filled in; keys in the suite's order.

    What does not print, such as overrides of direction, is written as an escape, and so is then every letter beyond
    ASCII.
    """
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes words that are numbers to readers of YAML 1.2, of which PyYAML writes 1.1: `1e5`, `0o7`."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    def word(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if _plain(text) else '"')

    Dumper.add_representer(str, word)
    letters = json.dumps(manifest.as_run, ensure_ascii=False).isprintable()
    return yaml.dump(manifest.as_run, Dumper=Dumper, sort_keys=False, allow_unicode=letters, width=WIDTH)


def _plain(text: str) -> bool:
    try:
        return isinstance(scalar(text), str)
    except ValueError:
        return False
