"""What outputs may hold, whoever named what they show: for tests of every form of a board and of the gate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import hostile
from markdown_it import MarkdownIt

LINKS = {"link_open", "image", "html_inline", "fence", "code_block", "code_inline", "em_open", "s_open", "hr"}
"""What markdown may become, and what nothing of a board is meant to."""
OURS = {"<details>", "</details>"}
"""All the HTML that a page in markdown may hold, but for a `<summary>` of words."""
MENTION = re.compile(r"(?<![A-Za-z0-9_`])@[A-Za-z0-9]|@[\w.-]+\.\w")
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def steering(text: str) -> set[str]:
    """Characters of a text that steer a terminal or the direction of writing, without the ends of lines."""
    return {c for c in text if ord(c) in hostile.STEERING} - {"\n"}


def check_markdown(page: str) -> list[Any]:
    """Its tokens; fails on anything but headings, paragraphs, lists, tables, our own folds and words in bold.

    The words in bold are left to the caller: `strong`.
    """
    assert not steering(page)
    found = list(_flat(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(page)))
    assert not {t.type for t in found} & LINKS
    for block in [t.content for t in found if t.type == "html_block"]:
        bare = re.sub(r"<summary>[^<>&\"'`*\[\]]*</summary>", "", block).split()
        assert set(bare) <= OURS, block
    shown = "".join(t.content for t in found if t.type == "text")
    assert not MENTION.search(shown), "GitHub tells who is called so"
    widths: list[int] = []
    tables = 0
    for token in found:
        if token.type == "table_open":
            tables, widths = tables + 1, []
        elif token.type == "tr_open":
            widths.append(0)
        elif token.type in {"th_open", "td_open"}:
            widths[-1] += 1
        elif token.type == "table_close":
            assert len(set(widths)) == 1
    assert tables == len(re.findall(r"^\|(?: -+:? \|)+$", page, flags=re.MULTILINE)), "a table is none any more"
    return found


def strong(tokens: list[Any]) -> list[str]:
    """Words in bold."""
    return [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "strong_open"]


def _flat(tokens: Iterable[Any]) -> Iterator[Any]:
    for token in tokens:
        yield token
        yield from _flat(token.children or ())
