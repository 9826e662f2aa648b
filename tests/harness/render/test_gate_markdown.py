import dataclasses

import outcomes
import pytest
from markdown_it import MarkdownIt

from harness.render.gate_markdown import ROOM, outcome_markdown


def headings(page):
    tokens = MarkdownIt("commonmark").parse(page)
    return [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "heading_open"]


@pytest.mark.parametrize(
    ("outcome", "start"),
    [
        (outcomes.outcome(), "✅ core holds its baseline\n\nNone of 4 tested figures dropped;"),
        (outcomes.regression(), "❌ core falls short of its baseline\n\n1 of 4 tested figures dropped, 1 row lost,"),
        (outcomes.unsaid("no baseline"), "❔ core: nothing can be said\n\nNo baseline.\n"),
    ],
)
def test_the_verdict_stands_on_top_and_alone(outcome, start):
    page = outcome_markdown(outcome)
    assert page.startswith(f"### {start}")
    assert len(headings(page)) == 1


def test_what_fails_is_open_and_all_else_folded():
    page = outcome_markdown(outcomes.regression())
    unfolded = page[: page.index("<details>")]
    for told in (
        "**Dropped**",
        "**Lost**",
        "- ledger: test: 320",
        "3.33 times the baseline",
        "Note: rows that are new",
    ):
        assert told in unfolded
    folded = page[len(unfolded) :]
    assert folded.count("<details>") == folded.count("</details>") == 3
    assert "Every tested figure (5)" in folded


def test_nothing_is_folded_where_there_is_nothing():
    assert "<details>" not in outcome_markdown(outcomes.unsaid())


def test_a_fold_has_blank_lines_around_its_tables():
    for block in outcome_markdown(outcomes.regression()).split("</summary>")[1:]:
        assert block.startswith("\n\n|")


def test_a_page_of_many_figures_fits_a_comment_and_keeps_the_worst():
    figures = [outcomes.figure(f"row {i}", f"metric/{i % 20}") for i in range(4000)]
    figures.append(outcomes.figure("the last", drop=0.2, verdict="dropped"))
    page = outcome_markdown(outcomes.outcome("regression", figures=tuple(figures)))
    assert ROOM * 0.9 < len(page) <= ROOM
    assert page.count("the last") >= 2
    assert "more figures are not shown here" in page


def test_many_losses_and_notes_are_cut_and_counted():
    base = outcomes.regression()
    many = dataclasses.replace(base, losses=base.losses * 100, ledger=base.ledger * 100, notes=base.notes * 100)
    page = outcome_markdown(many)
    assert "and 275 more" in page
    assert len(page) < ROOM


@pytest.mark.parametrize("room", [200, 1000, 2500])
def test_little_room_is_kept_to(room):
    short = outcome_markdown(outcomes.regression(), room=room)
    assert "Every tested figure" not in short
    assert short.startswith("### ❌")
    assert len(short) <= max(room, 300)
