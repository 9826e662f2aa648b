"""Rows with several responses to one prompt: scored, or with their sources only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.examples import Example, Prompt, Response
from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.messages import same, turns
from harness_plugins.sources.rows.prompts import NO_PROMPT, parted, preceded, stated_prompt
from harness_plugins.sources.rows.row import Unusable
from harness_plugins.sources.rows.values import listed, name, number


def candidates_example(values: Mapping[str, Any], columns: Columns, *, scored: bool) -> Example:
    """The candidates of one row. A candidate is an object with its text, or the text alone.

    Scores and sources stand in the candidates or in lists beside them.

    Args:
        values: the row.
        columns: where to find what.
        scored: True if every candidate must have a score.

    Raises:
        Unusable: the row does not hold two or more candidates, each as it must be.
    """
    stated = stated_prompt(values, columns)
    if stated is None:
        raise Unusable(NO_PROMPT)
    found = listed(columns.find("candidates", values))
    if found is None:
        raise Unusable("candidates are not a list")
    if len(found) < 2:
        raise Unusable("fewer than two candidates")
    scores, sources = (_beside(which, values, columns, found) for which in ("score", "source"))
    prompts: list[Prompt] = []
    responses: list[Response] = []
    for candidate, score, source in zip(found, scores, sources, strict=True):
        prompt, response = _candidate(stated, candidate, columns, {"score": score, "source": source})
        prompts.append(prompt)
        responses.append(response)
    if not all(same(prompt, prompts[0]) for prompt in prompts):
        raise Unusable("the candidates do not answer the same prompt")
    if scored and any(response.reward is None for response in responses):
        raise Unusable("a candidate has no score")
    return Example(id="", prompt=preceded(prompts[0], values, columns), responses=tuple(responses))


def has_scores(values: Mapping[str, Any], columns: Columns) -> bool:
    """True if a row holds a score of any candidate, be it a usable one or not."""
    if listed(columns.find("scores", values)) is not None:
        return True
    found = listed(columns.find("candidates", values)) or []
    return any(_own("score", candidate, columns) is not None for candidate in found)


def _own(which: str, candidate: Any, columns: Columns) -> Any:
    """What a candidate holds itself."""
    return columns.find(which, candidate) if isinstance(candidate, dict) else None


def _beside(which: str, values: Mapping[str, Any], columns: Columns, found: list[Any]) -> list[Any]:
    """Per candidate, its entry in the list beside; None where there is no list or none is needed."""
    beside = listed(columns.find(f"{which}s", values))
    if beside is None or all(_own(which, candidate, columns) is not None for candidate in found):
        return [None] * len(found)
    if len(beside) != len(found):
        raise Unusable(f"there are not as many {which}s as candidates")
    return beside


def _candidate(stated: Prompt, candidate: Any, columns: Columns, beside: Mapping[str, Any]) -> tuple[Prompt, Response]:
    """A candidate's prompt and response; what it does not hold itself is taken from `beside`."""
    said = _own("response", candidate, columns) if isinstance(candidate, dict) else candidate
    prompt, spoken = parted(stated, turns(said, "a candidate"))
    held = {which: _own(which, candidate, columns) for which in beside}
    score, source = (beside[which] if held[which] is None else held[which] for which in ("score", "source"))
    return prompt, Response(spoken, source=name(source, "source"), reward=number(score, "score"))
