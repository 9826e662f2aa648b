from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from harness_plugins.sources.hub import Hub
from harness_plugins.sources.hub.parts import ALSO_HELD_OUT
from harness_plugins.sources.hub.presets import PRESETS

PAGE = (Path(__file__).parents[4] / "docs" / "data.md").read_text(encoding="utf-8")
SECTION = PAGE.split("## Data sets on the Hub: `hub`")[-1].split("\n## ")[0]
WORDS = {
    *(option.name for option in dataclasses.fields(Hub)),
    *PRESETS,
    *(preset.dataset for preset in PRESETS.values()),
    *(name for preset in PRESETS.values() for name in preset.splits.values()),
    *(name for preset in PRESETS.values() for name in preset.columns.values()),
}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_option_and_preset_is_on_the_page(word: str):
    assert f"`{word}`" in SECTION


@pytest.mark.parametrize("reason", ALSO_HELD_OUT.values())
def test_what_is_dropped_is_on_the_page(reason: str):
    assert reason in SECTION
