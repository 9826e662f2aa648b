"""Rows with one response and a judgement of it alone: desirable or not, or a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.examples import Example, Label, Response
from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.messages import turns
from harness_plugins.sources.rows.prompts import parted, preceded, stated_prompt
from harness_plugins.sources.rows.row import Unusable
from harness_plugins.sources.rows.values import listed, name, number, truth


def unpaired_example(values: Mapping[str, Any], columns: Columns, *, labelled: bool) -> Example:
    """One response with its label or its score: a prompt and a response, or messages that end with the response.

    Args:
        values: the row.
        columns: where to find what.
        labelled: True if the row must have a label, False if it must have a score.

    Raises:
        Unusable: the row does not hold them.
    """
    said = columns.find("response", values)
    if said is None:
        talk = listed(columns.find("messages", values))
        if talk is None:
            raise Unusable("response is missing")
        prompt, response = parted(None, turns(talk, "messages"))
    else:
        prompt, response = parted(stated_prompt(values, columns), turns(said, "response"))
    label = truth(columns.find("label", values), "label") if labelled else None
    score = number(columns.find("score", values), "score")
    if label is None and score is None:
        raise Unusable("score is missing")
    return Example(
        id="",
        prompt=preceded(prompt, values, columns),
        responses=(Response(response, name(columns.find("response_source", values), "source"), score),),
        labels=() if label is None else (Label(0, label),),
    )
