"""What a judge costs: told before it is asked, and after."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BYTES_PER_TOKEN = 4
"""Of English text in UTF-8, for an estimate: which tokenizer an endpoint has is not known."""


@dataclass(frozen=True)
class Prices:
    """Of a million tokens, in any currency."""

    prompt: float = 0.0
    completion: float = 0.0

    def of(self, prompt_tokens: float, completion_tokens: float) -> float | None:
        """What so many tokens cost; None where no price is known."""
        if not (self.prompt or self.completion):
            return None
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


def before(judge: str, known: int, missing: Iterable[Mapping[str, Any]], prices: Prices) -> str:
    """What is about to be asked.

    Args:
        judge: who.
        known: comparisons whose verdicts were paid for before.
        missing: bodies of the requests for the others.
        prices: what tokens cost.
    """
    bodies = list(missing)
    total = f"{known + len(bodies):,} comparisons for {judge}: {known:,} verdicts are known"
    if not bodies:
        return f"{total}, nothing is asked"
    prompt = sum(_bytes(body) for body in bodies) // BYTES_PER_TOKEN
    caps = [body.get("max_tokens") for body in bodies]
    completion = sum(cap or 0 for cap in caps)
    most = f"at most {completion:,}" if all(caps) else "an unknown number of"
    return (
        f"{total}, {len(bodies):,} are asked, with about {prompt:,} prompt tokens and {most} completion tokens"
        + _money(prices.of(prompt, completion), "about " if all(caps) else "at least about ")
    )


def after(judge: str, counted: Mapping[str, int], prices: Prices) -> str:
    """What it was."""
    prompt, completion = counted["prompt_tokens"], counted["completion_tokens"]
    more = [f"{counted[key]:,} {what}" for key, what in _TROUBLE.items() if counted[key]]
    return (
        f"{judge} gave {counted['asked']:,} verdicts for {prompt:,} prompt tokens and {completion:,} completion tokens"
        + _money(prices.of(prompt, completion), "")
        + (f" ({', '.join(more)})" if more else "")
    )


_TROUBLE = {
    "retried": "further tries",
    "unanswered": "requests without a usable reply, which may be charged all the same",
    "given_up": "comparisons that it does not take",
}


def _money(amount: float | None, about: str) -> str:
    return "" if amount is None else f": {about}{amount:.4g} at the given prices"


def _bytes(body: Mapping[str, Any]) -> int:
    """Of all that a model reads: messages, and descriptions of tools."""
    read = [message["content"] for message in body["messages"]] + [json.dumps(tool) for tool in body.get("tools", ())]
    return sum(len(text.encode("utf-8", "replace")) for text in read)
