"""What a row asks: its prompt, and where a conversation's prompt ends and its response begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.examples import Message, Prompt, user_prompt
from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.messages import occurs, turns
from harness_plugins.sources.rows.row import Unusable
from harness_plugins.sources.rows.transcripts import is_transcript, transcript_prompt
from harness_plugins.sources.rows.values import listed, text

NO_PROMPT = "prompt is missing or blank"


def stated_prompt(values: Mapping[str, Any], columns: Columns) -> Prompt | None:
    """The prompt that a row states in a column of its own, as text or messages; None where it states none.

    An instruction may have an input beside it, on a line of its own. Without a prompt, the row's messages are it.
    """
    asked = columns.find("prompt", values)
    if asked is None:
        talk = columns.find("messages", values)
        if talk is None:
            return None
        asked = listed(talk)
        if asked is None:
            raise Unusable("messages are not a list")
    if isinstance(asked, str):
        has_input = "input" in columns.mapped or columns.column("prompt", values) == "instruction"
        return _from_text(text(asked, "prompt"), columns.find("input", values) if has_input else None)
    if isinstance(asked, list):
        return turns(asked, "prompt")
    raise Unusable("prompt is neither text nor messages", type(asked).__name__)


def _from_text(asked: str, more: Any) -> Prompt:
    if not asked.strip():
        raise Unusable(NO_PROMPT)
    if is_transcript(asked):
        return transcript_prompt(asked)
    if isinstance(more, str) and more.strip():
        return user_prompt(f"{asked}\n{text(more, 'input')}")
    return user_prompt(asked)


def parted(stated: Prompt | None, conversation: Prompt) -> tuple[Prompt, str]:
    """The prompt and the response of a conversation that ends with the response.

    The conversation is the response alone, or holds the prompt too. Where the row also states a prompt, the two must
    agree, and the longer one (with a system turn, with earlier turns) is used.
    """
    *before, last = conversation
    if last.role != "assistant":
        raise Unusable("the last turn is not the assistant's")
    prompt = _agreed(stated, tuple(before))
    if prompt is None or not any(turn.content.strip() for turn in prompt):
        raise Unusable(NO_PROMPT)
    if prompt[-1].role == "assistant":
        raise Unusable("the prompt ends with the assistant's turn")
    return prompt, last.content


def _agreed(stated: Prompt | None, before: Prompt) -> Prompt | None:
    if not before:
        return stated
    if stated is None or occurs(stated, before):
        return before
    if occurs(before, stated[-len(before) :]):
        return stated
    raise Unusable("the conversation does not hold the prompt")


def preceded(prompt: Prompt, values: Mapping[str, Any], columns: Columns) -> Prompt:
    """A prompt after what stands before it in columns of its own: a system text, a history of [question, answer]."""
    before: list[Message] = []
    system = columns.find("system", values)
    if isinstance(system, str) and system.strip() and prompt[0].role != "system":
        before.append(Message("system", text(system, "system")))
    for exchange in listed(columns.find("history", values)) or []:
        if not isinstance(exchange, list) or len(exchange) != 2:  # pyright: ignore[reportUnknownArgumentType]
            raise Unusable("history is not a list of [question, answer]")
        question, answer = exchange
        before += [Message("user", text(question, "history")), Message("assistant", text(answer, "history"))]
    return (*before, *prompt)
