"""The key of an endpoint, which stands in no file, record or message."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

import harness

LEAST = 12
"""Characters. What is shorter is a word ("none", "EMPTY") rather than a secret, and may stand in a verdict."""


@dataclass(frozen=True)
class Secret:
    """The value of an environment variable."""

    text: str = field(repr=False)

    @classmethod
    def of(cls, variable: str) -> Secret:
        """As it is set; empty where it is not.

        Raises:
            HarnessError: no header can carry it.
        """
        text = os.environ.get(variable, "").strip()
        if not (text.isascii() and (text.isprintable() or not text)):
            raise harness.HarnessError(
                f"the environment variable {variable} holds characters that no key has", fix="set it to the key alone"
            )
        return cls(text)

    def out_of(self, text: str) -> str:
        """A message without it."""
        return text.replace(self.text, "***") if self.text else text

    def taken_out(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A reply without it, should the server repeat it."""
        text = json.dumps(answer)
        quoted = json.dumps(self.text)[1:-1]
        return json.loads(text.replace(quoted, "***")) if len(self.text) >= LEAST and quoted in text else answer
