"""Conversations as lists of messages, in any of the usual spellings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.examples import Message, Prompt
from harness_plugins.sources.rows.row import Unusable
from harness_plugins.sources.rows.values import text

ROLES: Mapping[str, str] = {
    "system": "system",
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "bot": "assistant",
    "model": "assistant",
}


def message(value: Any) -> Message:
    """{role, content}, {from, value} and the like as a message."""
    if not isinstance(value, dict):
        raise Unusable("a message is not an object", type(value).__name__)
    fields: dict[str, Any] = value
    role = next((fields[key] for key in ("role", "from") if key in fields), None)
    if not isinstance(role, str) or role.strip().lower() not in ROLES:
        raise Unusable("a message has an unknown role", repr(role)[:40])
    content = next((fields[key] for key in ("content", "value", "text") if key in fields), None)
    return Message(ROLES[role.strip().lower()], _content(content))


def _content(content: Any) -> str:
    """A message's text; parts of the form {type: text, text: ...} are joined."""
    if isinstance(content, list):
        parts: list[Any] = content
        if not all(isinstance(part, dict) and part.get("type") == "text" for part in parts):
            raise Unusable("a message holds more than text")
        return "".join(text(part.get("text"), "a part of a message") for part in parts)
    return text(content, "a message's content")


def turns(value: Any, what: str) -> Prompt:
    """A message, a list of messages, or text (then the assistant's turn) as turns; at least one."""
    if isinstance(value, dict):
        return (message(value),)
    if isinstance(value, list):
        items: list[Any] = value
        if not items:
            raise Unusable(f"{what} has no messages")
        return tuple(message(item) for item in items)
    return (Message("assistant", text(value, what)),)


def same(left: Prompt, right: Prompt) -> bool:
    """True if two conversations say the same, white space around turns aside."""
    return _stripped(left) == _stripped(right)


def occurs(part: Prompt, whole: Prompt) -> bool:
    """True if the turns of `part` stand one after the other in `whole`."""
    wanted, there = _stripped(part), _stripped(whole)
    return any(there[i : i + len(wanted)] == wanted for i in range(len(there) - len(wanted) + 1))


def _stripped(conversation: Prompt) -> list[tuple[str, str]]:
    return [(turn.role, turn.content.strip()) for turn in conversation]
