"""The world's facts as an lm-eval task: twelve choices to each question, chance 1/12."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harness_plugins.sources.world.facts import facts
from harness_plugins.sources.world.language import TOPICS

NAME = "world_facts"
VERSION = 1.0
"""To be raised when the questions, or how they are put, change."""


def write_task(variant: int, folder: Path) -> str:
    """Write `world_facts.yaml` and its data into a folder; returns the task's name.

    The tokenizer splits at white space, so question, space and choice are the tokens on which the base was trained.
    Choices are single tokens: accuracy is by log-prob, and dividing it by a word's letters would say nothing.
    """
    place = folder.resolve()
    place.mkdir(parents=True, exist_ok=True)
    data = place / f"{NAME}.jsonl"
    data.write_text("".join(json.dumps(document) + "\n" for document in documents(variant)))
    # JSON is YAML.
    (place / f"{NAME}.yaml").write_text(json.dumps(_task(data, place / "cache"), indent=2) + "\n")
    return NAME


def documents(variant: int) -> list[dict[str, Any]]:
    """One document for each fact."""
    return [
        {"id": fact.name, "question": fact.question, "choices": list(TOPICS), "answer": fact.answer}
        for fact in facts(variant)
    ]


def _task(data: Path, cache: Path) -> dict[str, Any]:
    return {
        "task": NAME,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data)}, "cache_dir": str(cache)},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": "{{question}}",
        "doc_to_choice": "choices",
        "doc_to_target": "answer",
        "num_fewshot": 0,
        "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
        "metadata": {"version": VERSION},
    }
