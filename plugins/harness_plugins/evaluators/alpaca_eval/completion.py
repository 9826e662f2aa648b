"""What is kept of a chat completion, read from whatever a server sends in its place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

COUNTS = ("prompt_tokens", "completion_tokens")
"""What servers state of their use."""


class NoCompletion(Exception):
    """A reply with status 200 that is no chat completion."""


def completion_of(content: bytes) -> dict[str, Any]:
    """`completion`: text or arguments of a call, why it ended, and log-probs where there are any, in the form that
    alpaca-eval's parsers read; `usage`, in tokens; `served`, the model that the server names.

    Raises:
        NoCompletion: there is none in it.
    """
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise NoCompletion(f"it begins with {_beginning(content)!r}") from None
    try:
        return _read(answer)
    except (AttributeError, LookupError, TypeError, ValueError):
        stated = cast("dict[str, Any]", answer).get("error") if isinstance(answer, dict) else None
        detail = f"it states the error {stated}" if stated else "it holds no choice that can be read"
        raise NoCompletion(detail) from None


def is_completion(found: Any) -> bool:
    """Whether this is what `completion_of` keeps, and not a line of another make."""
    if not isinstance(found, Mapping):
        return False
    known = cast("Mapping[str, Any]", found)
    if not isinstance(known.get("text"), str):
        return False
    try:
        _logprobs(known.get("logprobs"))
    except (AttributeError, LookupError, TypeError, ValueError):
        return False
    return True


def _beginning(content: bytes) -> str:
    return " ".join(content[:200].decode("utf-8", "replace").split())[:80]


def _read(answer: Mapping[str, Any]) -> dict[str, Any]:
    choice = answer["choices"][0]
    message = choice["message"]
    text = _text(message.get("content"))
    if message.get("function_call"):
        text = message["function_call"]["arguments"]
    if message.get("tool_calls"):
        text = message["tool_calls"][0]["function"]["arguments"]
    # Half of a surrogate pair, which JSON can hold, could not be encoded again.
    text = str(text).encode("utf-8", "replace").decode()
    completion: dict[str, Any] = {"text": text, "finish_reason": choice.get("finish_reason")}
    positions = _logprobs(choice.get("logprobs"))
    if positions:
        completion["logprobs"] = {"content": positions}
    usage = answer.get("usage")
    usage = cast("Mapping[str, Any]", usage) if isinstance(usage, Mapping) else {}
    counts = {key: usage[key] for key in COUNTS if isinstance(usage.get(key), int)}
    return {"completion": completion, "usage": counts, "served": answer.get("model")}


def _text(content: Any) -> str:
    """Text, or the texts of a list of parts; nothing where a model said nothing."""
    if isinstance(content, list):
        parts = cast("list[Mapping[str, Any]]", content)
        return "".join(part["text"] for part in parts if part.get("type", "text") == "text")
    if content is not None and not isinstance(content, str):
        raise TypeError("content is no text")
    return content or ""


def _logprobs(found: Any) -> list[dict[str, Any]]:
    """Per position, the tokens it might have been and their log-probs."""
    return [
        {"top_logprobs": [{"token": str(t["token"]), "logprob": float(t["logprob"])} for t in position["top_logprobs"]]}
        for position in (found or {}).get("content") or ()
    ]
