"""Rows with a chosen and a rejected response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.examples import Example, Pair, Prompt, Response
from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.messages import occurs, same, turns
from harness_plugins.sources.rows.prompts import NO_PROMPT, parted, preceded, stated_prompt
from harness_plugins.sources.rows.row import Unusable
from harness_plugins.sources.rows.transcripts import is_transcript, transcript_turns
from harness_plugins.sources.rows.values import name, number, share


def paired_example(values: Mapping[str, Any], columns: Columns) -> Example:
    """One pair. The responses are text, messages, whole conversations or whole transcripts.

    Raises:
        Unusable: the row holds no pair.
    """
    stated = stated_prompt(values, columns)
    chosen_prompt, chosen = parted(stated, _conversation(columns.find("chosen", values), "chosen", stated))
    rejected_prompt, rejected = parted(stated, _conversation(columns.find("rejected", values), "rejected", stated))
    if not same(chosen_prompt, rejected_prompt):
        raise Unusable("chosen and rejected do not answer the same prompt")
    if chosen == rejected:
        raise Unusable("chosen equals rejected")
    return Example(
        id="",
        prompt=preceded(chosen_prompt, values, columns),
        responses=(_response("chosen", chosen, values, columns), _response("rejected", rejected, values, columns)),
        pairs=(Pair(0, 1, share(values, columns)),),
    )


def _conversation(value: Any, which: str, stated: Prompt | None) -> Prompt:
    """The response, or all that was said up to and including it."""
    if isinstance(value, str) and is_transcript(value):
        spoken = transcript_turns(value)
        if stated is None or occurs(stated, spoken):
            return spoken
    if stated is None and isinstance(value, str):
        raise Unusable(NO_PROMPT)
    return turns(value, which)


def _response(which: str, said: str, values: Mapping[str, Any], columns: Columns) -> Response:
    return Response(
        said,
        source=name(columns.find(f"{which}_source", values), "source"),
        reward=number(columns.find(f"{which}_score", values), "score"),
    )
