import boards
import numpy as np
import pytest
from markdown_it import MarkdownIt

from harness.board import make_board
from harness.records import LedgerRecord
from harness.render.markdown import escape, markdown, paragraph, summary_markdown
from harness.render.text import one_line

HOSTILE = [
    "a | b",
    "new\nline and\r\ttab",
    "`code` **bold** _slanted_ ~~gone~~",
    "<img src=x onerror=alert(1)> &amp; &lt;",
    "[link](https://example.com) ![image](x)",
    "https://example.com www.example.com",
    "\\| trailing backslash \\",
    "| --- |",
    "$x^2$",
    "a\u202eb\x1b[31mred\x07",
    "snake_case_name _edge_",
    "1. item",
    "- item",
    "# heading",
    "日本語の行",
]


FOLDS_IN_ORDER = (
    "<details><summary>Other metrics against the baseline, and every seed</summary>",
    "<details><summary>Figures on parts of the items</summary>",
    "<details><summary>All figures</summary>",
    "<details><summary>Tuning, costs, settings and counts</summary>",
    "<details><summary>The data</summary>",
)
FOLDS = {*FOLDS_IN_ORDER, "</details>"}
"""All the HTML that a page holds."""


def parsed(text):
    """Tokens of a page as GitHub's dialect reads it."""
    return MarkdownIt("commonmark", {"linkify": False}).enable(["table", "strikethrough"]).parse(text)


def tables(text):
    """Every table of a page: rows of the text in each cell."""
    found, cell, depth = [], None, None
    for token in parsed(text):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type in {"th_open", "td_open"}:
            depth = token.level
        elif token.type == "inline" and depth is not None:
            cell = "".join(child.content for child in token.children)
            assert all(child.type in {"text", "text_special"} for child in token.children), token.content
        elif token.type in {"th_close", "td_close"}:
            found[-1][-1].append(cell if cell is not None else "")
            cell = depth = None
    return found


@pytest.fixture
def page():
    return markdown(make_board(*boards.core(without=[("ddro", 2)])))


def test_every_line_of_a_table_has_as_many_cells_and_none_is_blank(page):
    found = tables(page)
    assert len(found) >= 8
    for table in found:
        assert len({len(line) for line in table}) == 1
        assert all(cell.strip() for line in table for cell in line)


def test_tables_are_aligned_when_read_raw(page):
    for block in page.split("\n\n"):
        lines = block.splitlines()
        if lines[0].startswith("|"):
            assert len({len(line) for line in lines}) == 1
            assert len({tuple(i for i, c in enumerate(line) if c == "|") for line in lines}) == 1


def test_the_main_table_comes_first_with_every_row_in_order(page):
    first = tables(page)[0]
    assert first[0][:4] == ["row", "standing", "seeds", "truth/win_rate_behaviour ↑"]
    board = make_board(*boards.core(without=[("ddro", 2)]))
    assert [line[0] for line in first[1:]] == [*(row.label for row in board.rows), "best reachable"]


def test_gaps_and_missing_seeds_point_to_their_reason(page):
    cells = {line[0]: line for line in tables(page)[0]}
    notes = page.split("\n\n1. ")[1].split("\n\n")[0].splitlines()
    assert cells["oracle"][-1] == "skipped (2)"
    assert notes[1] == "2. the oracle has no language model"
    assert cells["ddro"][3].endswith("(1)")
    assert notes[0].startswith("2 of 3 seeds; seed 2 failed")
    assert "ddro (partial): train failed at seed 2" in page


def test_every_metric_stands_in_a_table(page):
    titles = [title for table in tables(page) for title in table[0]]
    for family in boards.FAMILIES.values():
        for metric, *_ in family:
            assert any(title.split(" ")[0] == metric for title in titles), metric


def test_the_page_says_what_it_must(page):
    assert "> **Untuned:**" in page
    assert "two-part, over items and training seeds" in page
    assert (
        "## Against base: truth/win\\_rate\\_behaviour ↑" in page
        or "## Against base: truth/win_rate_behaviour ↑" in page
    )
    assert "Trial" not in page
    assert "One run" not in page
    assert "learning\\_rate" not in page


def test_what_is_looked_up_is_folded_and_what_is_read_is_not(page):
    folded = [token.content.strip() for token in parsed(page) if token.type == "html_block"]
    assert folded[::2] == [fold for fold in FOLDS_IN_ORDER if fold in folded]
    assert set(folded[1::2]) == {"</details>"}
    opening = page.split("<details>")[0]
    assert "## Against base" in opening
    assert "## Every seed" not in opening
    assert "## All figures" not in opening


def test_the_short_form_is_the_head_of_the_page_and_the_differences_in_the_primary_metric():
    board = make_board(*boards.core(without=[("ddro", 2)]))
    page, short = markdown(board), summary_markdown(board)
    assert page.startswith(short.split("## Against")[0].rstrip())
    assert "ddro (partial): train failed at seed 2" in short
    lines = {line[0]: line for line in tables(short)[-1]}
    primary = next(f for f in board.comparisons if f.metric == board.primary_metric)
    assert set(lines) == {"row", *(one.row for one in primary.comparisons)}
    assert "<" not in short.replace("\\<", "")


def test_the_short_form_of_a_run_of_which_nothing_is_there_has_no_differences():
    manifest, _ = boards.core()
    assert "## Against" not in summary_markdown(make_board(manifest, {}))


def test_trials_and_single_runs_are_announced():
    page = markdown(make_board(*boards.one_metric({"dpo": np.eye(3)[:1]}, trial=True)))
    assert "> **Trial:**" in page
    assert "> **One run:**" in page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_letter_by_letter_in_a_cell(text):
    shown = one_line(text)
    (table,) = tables(f"| a | b |\n| --- | --- |\n| {escape(shown)} | x |\n")
    assert table[1] == [shown, "x"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_begins_no_block_of_its_own(text):
    shown = one_line(text)
    kinds = [token.type for token in parsed(paragraph(shown))]
    assert kinds == ["paragraph_open", "inline", "paragraph_close"]
    (inline,) = [token for token in parsed(paragraph(shown)) if token.type == "inline"]
    assert "".join(child.content for child in inline.children) == shown


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_run_leaves_every_table_whole(text):
    manifest, records = boards.one_metric({"dpo": np.eye(3), "sft": np.eye(3)})
    row = manifest.rows[0].model_copy(
        update={
            "label": text,
            "options": {text: text},
            "saw": [text],
            "method": text,
            "own": False,
            "distribution": text,
        }
    )
    ledger = LedgerRecord(read=1, kept=0, dropped={text: 1}, counted={text: 2}, named=[text])
    changed = {"rows": [row, manifest.rows[1]], "suite": text, "description": text, "model": text, "data": text}
    page = markdown(make_board(manifest.model_copy(update={**changed, "ledgers": {text: ledger}}), records))
    found = tables(page)
    assert [len({len(line) for line in table}) for table in found] == [1] * len(found)
    assert one_line(text) in {line[0] for line in found[0]}
    types = {token.type for token in parsed(page)}
    assert not types & {"fence", "code_block", "hr"}
    assert FOLDS.issuperset(token.content.strip() for token in parsed(page) if token.type == "html_block")


def test_a_third_partys_method_is_marked_with_its_distribution():
    manifest, records = boards.one_metric({"hinge": np.eye(3)})
    row = manifest.rows[0].model_copy(update={"own": False, "distribution": "harness-margin", "version": "2.1"})
    assert "hinge (from harness-margin 2.1)" in markdown(
        make_board(manifest.model_copy(update={"rows": [row]}), records)
    )


def test_dropped_examples_are_named_and_like_splits_share_a_line():
    ledger = LedgerRecord(read=9, kept=7, dropped={"no chosen response": 2}, counted={}, named=["p.jsonl:3: no chosen"])
    manifest, records = boards.one_metric(
        {"dpo": np.eye(3)}, ledgers={"train, seed 0": ledger, "train, seed 1": ledger, "test": ledger}
    )
    page = markdown(make_board(manifest, records))
    assert ["train, seed 0; seed 1; test", "9", "7", "2 no chosen response", "–"] in tables(page)[-1]
    assert "- dropped: p.jsonl:3: no chosen" in page


def test_an_evaluator_without_any_figure_has_a_column_of_reasons():
    manifest, records = boards.core()
    for name in list(records):
        if name.startswith("drift"):
            del records[name]
    first = tables(markdown(make_board(manifest, records)))[0]
    assert first[0][-1] == "drift"
    assert all(line[-1].startswith(("missing (", "skipped (", "–")) for line in first[1:])


def test_a_run_of_which_nothing_is_there_can_be_shown():
    manifest, _ = boards.core()
    page = markdown(make_board(manifest, {}))
    assert "No row has a figure" in page
    assert tables(page)[0][1][1] == "reference, missing"
