"""Recorded verdicts: as a judge, and as figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any

import numpy as np

import harness
from harness_plugins.evaluators.alpaca_eval.annotate import Completion
from harness_plugins.evaluators.alpaca_eval.figures import winrate
from harness_plugins.evaluators.alpaca_eval.length_control import (
    Annotated,
    LengthControlled,
    length_controlled_together,
)
from harness_plugins.evaluators.alpaca_eval.library import library_version
from harness_plugins.evaluators.alpaca_eval.local_judges import said_by_chance
from harness_plugins.evaluators.alpaca_eval.questions import outputs
from harness_plugins.evaluators.alpaca_eval.recordings import RecordedVerdict, Recording, read_recording
from harness_plugins.evaluators.prompts import shown

NOT_RECORDED = "comparisons of which no verdict is recorded"


def by_recording(
    path: str, counted: MutableMapping[str, int], comparisons: Sequence[harness.Comparison]
) -> list[Completion]:
    """The recorded verdicts on these very texts. A verdict counts for both orders: the file does not tell in which one
    the judge saw the two answers. Of several on the same texts the first counts.

    Args:
        path: of an annotation file.
        counted: is told how many comparisons no verdict is recorded of.
        comparisons: what is asked.

    Raises:
        Unavailable: no verdict is recorded of any of them.
    """
    known: dict[tuple[str | None, ...], float | None] = {}
    for row in read_recording(path).rows:
        known.setdefault((row.instruction, row.reference, row.answer), row.preference)
    found = [_second(known, comparison) for comparison in comparisons]
    missing = sum(chance is None for chance in found)
    if comparisons and missing == len(found):
        raise harness.Unavailable(
            f"{path} holds no verdict on any of {missing} comparisons: other instructions, outputs or references",
            fix="give the annotations of these very outputs, or another `judge`",
        )
    if missing:
        counted[NOT_RECORDED] = counted.get(NOT_RECORDED, 0) + missing
    return [said_by_chance(float("nan") if chance is None else chance) for chance in found]


def _second(known: Mapping[tuple[str | None, ...], float | None], asked: harness.Comparison) -> float | None:
    """P(the second answer is preferred)."""
    instruction = shown(asked.prompt)
    preference = known.get((instruction, asked.first, asked.second))
    if preference is not None:
        return preference - 1
    mirrored = known.get((instruction, asked.second, asked.first))
    return None if mirrored is None else 2 - mirrored


def replayed(
    recorded: Sequence[harness.Recorded], *, length_control: bool, tell: Callable[[int, int], None]
) -> list[Mapping[str, Any]]:
    """Figures of recordings by alpaca-eval's metric functions, as fractions; see `harness.JudgingEvaluator.replay`.

    With `length_control`, several recordings are fitted together, see `length_controlled_together`.
    """
    read = [read_recording(str(one.annotations)) for one in recorded]
    texts = [_with_texts(recording, one) for recording, one in zip(read, recorded, strict=True)]
    controlled: Sequence[LengthControlled | None] = [None] * len(read)
    if length_control:
        controlled = length_controlled_together(
            [_annotated(recording, rows) for recording, rows in zip(read, texts, strict=True)], tell
        )
    return [
        _figures(recording, rows) | (_length_figures(one) if length_control else {})
        for recording, rows, one in zip(read, texts, controlled, strict=True)
    ]


def annotated(path: str) -> Annotated:
    """The readable verdicts of an annotation file that holds the texts, for a fit."""
    recording = read_recording(path)
    return _annotated(recording, recording.rows)


def _figures(recording: Recording, rows: Sequence[RecordedVerdict]) -> dict[str, Any]:
    found = winrate(recording.readable)
    lengths = [len(row.answer) for row in rows if row.answer is not None]
    references = [len(row.reference) for row in rows if row.reference is not None]
    return {
        "annotations": recording.path,
        "model": recording.model,
        "reference": recording.reference,
        "judge": recording.judge,
        "unit": "fraction",
        "win_rate": found["win_rate"] / 100,
        "standard_error": _finite(found["standard_error"] / 100),
        "discrete_win_rate": found["discrete_win_rate"] / 100,
        "n": int(found["n_total"]),
        "n_wins": int(found["n_wins"]),
        "n_wins_base": int(found["n_wins_base"]),
        "n_draws": int(found["n_draws"]),
        "n_missing": len(recording.rows) - len(recording.readable),
        "n_repeated": recording.repeated,
        "mean_output_length": float(np.mean(lengths)) if lengths else None,
        "mean_reference_length": float(np.mean(references)) if references else None,
        "length_unit": "characters",
        "alpaca_eval": library_version(),
    }


def _length_figures(controlled: LengthControlled | None) -> dict[str, Any]:
    if controlled is None:
        return {"length_controlled": None}
    interval = None
    if controlled.standard_error is not None and controlled.clusters is not None:
        from scipy.special import stdtrit

        half = float(stdtrit(len(set(controlled.clusters)) - 1, 0.975)) * controlled.standard_error
        interval = [controlled.win_rate - half, controlled.win_rate + half]
    return {
        "length_controlled": {
            "win_rate": controlled.win_rate,
            "standard_error": controlled.standard_error,
            "interval_95": interval,
            "about": controlled.about,
        }
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _annotated(recording: Recording, rows: Sequence[RecordedVerdict]) -> Annotated:
    kept = [row for row in rows if row.preference is not None]
    if any(row.reference is None or row.answer is None for row in kept):
        raise harness.DataError(
            f"{recording.path} does not hold the texts that were judged, which length control takes",
            fix="give --outputs and --reference-outputs",
        )
    return Annotated(
        np.array([row.preference for row in kept], np.float64),
        [row.reference or "" for row in kept],
        [row.answer or "" for row in kept],
        [row.instruction or f"row {place}" for place, row in enumerate(kept)],
    )


def _with_texts(recording: Recording, given: harness.Recorded) -> list[RecordedVerdict]:
    """The rows of a recording with the texts of the files of outputs.

    Raises:
        DataError: the outputs are not those that were judged, or some are missing.
    """
    answers = outputs(str(given.outputs)) if given.outputs else None
    references = outputs(str(given.references)) if given.references else None
    return [
        RecordedVerdict(
            row.instruction,
            row.reference if references is None else _text(row, row.reference, references, str(given.references)),
            row.answer if answers is None else _text(row, row.answer, answers, str(given.outputs)),
            row.preference,
        )
        for row in recording.rows
    ]


def _text(row: RecordedVerdict, judged: str | None, texts: Mapping[str, str], path: str) -> str:
    text = texts.get(row.instruction) if row.instruction is not None else None
    what = f"the instruction {row.instruction!r:.60}"
    if text is None:
        raise harness.DataError(f"{path} holds no output for {what}", fix="give the outputs that were judged")
    if judged is not None and judged != text:
        raise harness.DataError(
            f"{path} holds another output for {what} than the one that was judged",
            fix="give the outputs that were judged",
        )
    return text
