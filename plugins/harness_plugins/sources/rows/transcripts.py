r"""Conversations as one text, the form of Anthropic's HH data: "\n\nHuman: ... \n\nAssistant: ..."."""

from __future__ import annotations

import re

from harness.examples import Message, Prompt

_SPEAKER = re.compile(r"(?:\A\s*|\n\n)(Human|Assistant):")
_ROLES = {"Human": "user", "Assistant": "assistant"}


def is_transcript(value: object) -> bool:
    """True for text that opens with the human's turn and has an assistant's."""
    return isinstance(value, str) and value.lstrip().startswith("Human:") and "\n\nAssistant:" in value


def transcript_turns(transcript: str) -> Prompt:
    """The turns of a transcript, without the white space around them."""
    _, *parts = _SPEAKER.split(transcript)
    return tuple(Message(_ROLES[who], said.strip()) for who, said in zip(parts[::2], parts[1::2], strict=True))


def transcript_prompt(transcript: str) -> Prompt:
    """The turns of a transcript that is a prompt: it may end with "Assistant:" and nothing after it."""
    *before, last = transcript_turns(transcript)
    return tuple(before) if last.role == "assistant" and not last.content else (*before, last)
