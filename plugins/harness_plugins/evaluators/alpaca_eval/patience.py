"""What is done about an endpoint that fails: asked again, asked something else, or left alone."""

from __future__ import annotations

import email.utils
import random
import re
import time
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from harness_plugins.evaluators.alpaca_eval.completion import NoCompletion

RETRIED = frozenset({408, 409, 425, 429})
"""Statuses, beside all from 500 on, that another try may mend."""
BUSY = frozenset({429, 503})
"""Statuses that say to ask less: then nobody asks for a while."""
LONGEST_BACK_OFF = 60.0
"""Seconds between two tries, where the server does not ask for more."""

_ONE_PROMPT = re.compile(
    r"context[ _](length|window|size)|too long|longer than the max|too many (input )?tokens|token count.{0,40}exceed"
    r"|inputs.{0,40}tokens|(request|payload|entity|prompt|input)( is)? too large|content[ _](filter|policy|management)"
)
"""Found, in small letters, in what servers of the OpenAI protocol say of a single prompt that they do not take."""

Fate: TypeAlias = Literal["again", "without", "stop"]
"""Ask again; go on without this comparison; stop, because no other would fare better."""


@dataclass(frozen=True)
class Patience:
    """How an endpoint is treated."""

    concurrency: int
    """Requests in flight."""
    timeout: float
    """Seconds for the first try, from connecting to the last byte; doubled after each that was not answered in time."""
    retries: int
    """Tries after the first."""
    back_off: float
    """Seconds before the second try; doubled before each further one."""
    total: float = 1800.0
    """Seconds for one comparison, tries and waits together."""
    per_minute: float = 0.0
    """Requests begun per minute; 0: no limit."""

    def wait(self, tries: int, asked: float) -> float:
        """Seconds before the next try: twice as long after each, up to a quarter more or less, but at least what the
        server asks.
        """
        return max(min(self.back_off * 2 ** min(tries - 1, 30), LONGEST_BACK_OFF) * random.uniform(0.75, 1.25), asked)


def fate(error: Exception) -> Fate:
    """What becomes of a comparison whose request failed so."""
    import openai

    if isinstance(error, TimeoutError | NoCompletion | openai.APIConnectionError):
        return "again"
    status, code = status_of(error), str(getattr(error, "code", None) or "")
    if code == "insufficient_quota":
        return "stop"
    if status in RETRIED or status >= 500:
        return "again"
    if status == 413 or (status in (400, 422) and _ONE_PROMPT.search(f"{code} {error}".lower())):
        return "without"
    return "stop"


def status_of(error: Exception) -> int:
    """The HTTP status of a failure; 0 where there was none."""
    return getattr(error, "status_code", 0)


def is_late(error: Exception) -> bool:
    """Whether there was no whole reply in time."""
    import openai

    return isinstance(error, TimeoutError | openai.APITimeoutError)


def retry_after(error: Exception) -> float:
    """Seconds the server asks to wait; 0 where it does not say. It may be a number of seconds or a date."""
    response: Any = getattr(error, "response", None)
    if response is None:
        return 0.0
    for header, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        asked = response.headers.get(header, "").strip()
        try:
            return max(0.0, float(asked) * unit)
        except ValueError:
            continue
    try:
        return max(
            0.0, email.utils.parsedate_to_datetime(response.headers.get("retry-after", "")).timestamp() - time.time()
        )
    except (ValueError, OverflowError):
        return 0.0
