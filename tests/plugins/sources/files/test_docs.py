from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from harness_plugins.sources.files import Files
from harness_plugins.sources.rows.columns import USUAL
from harness_plugins.sources.rows.data_file import FORMATS
from harness_plugins.sources.rows.json_rows import ROW_LISTS

PAGE = (Path(__file__).parents[4] / "docs" / "data.md").read_text(encoding="utf-8")
WORDS = {
    *(option.name for option in dataclasses.fields(Files)),
    *USUAL,
    *(alias for usual in USUAL.values() for alias in usual),
    *ROW_LISTS,
    *FORMATS,
}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_option_column_and_format_is_on_the_page(word: str):
    assert f"`{word}`" in PAGE or f"`{word}:" in PAGE
