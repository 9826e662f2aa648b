"""Data sets of the Hub that this source knows by a short name: where they lie and which columns and splits they use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from harness.examples import Split

PresetName: TypeAlias = Literal["ultrafeedback_binarized", "hh-rlhf", "kto-mix-14k", "ultrafeedback"]


@dataclass(frozen=True)
class Preset:
    """What is known of a data set."""

    dataset: str
    """Its id on the Hub."""
    splits: Mapping[Split, str]
    """Our split -> the data set's name of it; what is missing is held out of `train`, by a hash of the prompt."""
    columns: Mapping[str, str] = field(default_factory=dict[str, str])
    """Our name of a column -> the data set's name of it, where it is none of the usual ones."""


PRESETS: Mapping[PresetName, Preset] = {
    "ultrafeedback_binarized": Preset(
        "HuggingFaceH4/ultrafeedback_binarized", {"train": "train_prefs", "test": "test_prefs"}
    ),
    "hh-rlhf": Preset("Anthropic/hh-rlhf", {"train": "train", "test": "test"}),
    "kto-mix-14k": Preset("trl-lib/kto-mix-14k", {"train": "train", "test": "test"}),
    "ultrafeedback": Preset(
        "openbmb/UltraFeedback",
        {"train": "train"},
        {"candidates": "completions", "score": "fine-grained_score", "source": "model", "subset": "source"},
    ),
}
"""By the name that suites write. The score of `ultrafeedback` is the mean of the four aspects, 1 to 5: the data set's
`overall_score` comes from a critique, and is on a scale of its own."""
