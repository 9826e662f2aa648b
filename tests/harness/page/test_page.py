import base64
import hashlib
import html
import itertools
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import boards
import figure_reports
import hostile
import pytest
import reports

from harness.board import Gap, make_board
from harness.page import page_html
from harness.page.files import write_page
from harness.page.row_view import row_views
from harness.render.text import one_line

VOID = {"meta", "link", "input", "br", "wbr", "img", "hr"}


class Elements(HTMLParser):
    """Start tags, texts of scripts, and whether elements are closed in the order in which they were opened."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.scripts, self.open, self.texts = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        else:
            self.texts.append(data)

    def of(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def shown(self):
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return reports.small(tmp_path_factory.mktemp("small"))


@pytest.fixture(scope="module")
def page(report):
    return page_html(report)


@pytest.fixture(scope="module")
def elements(page):
    return Elements(page)


@pytest.fixture(scope="module")
def harmed(tmp_path_factory):
    """The page of a run in which every text is hostile."""
    report = reports.hostile_report(tmp_path_factory.mktemp("hostile"), hostile.WORST[:4])
    return page_html(report)


def islands(page):
    return {a["id"]: json.loads(text) for a, text in Elements(page).scripts if a.get("type") == "application/json"}


def test_equal_reports_give_equal_bytes(report, page):
    assert page_html(report) == page


def test_it_is_written_whole(report, page, tmp_path):
    path = write_page(report, tmp_path)
    assert path.name == "leaderboard.html"
    assert path.read_text("utf-8") == page
    assert list(tmp_path.iterdir()) == [path]


def test_the_policy_lets_the_scripts_of_the_page_run_and_no_other(page, elements):
    (policy,) = (a["content"] for a in elements.of("meta") if a.get("http-equiv") == "Content-Security-Policy")
    scripts = [text for a, text in elements.scripts if "type" not in a]
    allowed = {f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in scripts}
    assert set(re.search(r"script-src ([^;]*)", policy)[1].split()) == allowed
    assert "default-src 'none'" in policy
    assert not any("src" in a for a in elements.of("script"))


def test_nothing_is_loaded_and_nothing_leads_away(elements):
    assert [a["href"] for a in elements.of("link")] == ["data:,"]
    assert all(a["href"].startswith("#") for a in elements.of("a"))
    assert not {tag for tag, _ in elements.tags} & {"img", "iframe", "object", "embed", "base", "video", "audio"}
    assert all(a.get("method") == "dialog" for a in elements.of("form"))


def test_no_element_brings_a_script_or_a_style_in_an_attribute(elements):
    names = {name for _, attributes in elements.tags for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]


def test_every_row_metric_and_reason_is_there(report, elements, page):
    board = islands(page)["board-data"]
    assert [row["label"] for row in board["rows"]] == [one_line(row.label) for row in report.board.rows]
    assert {metric["name"] for metric in board["metrics"]} == {one_line(h.name) for h in report.board.metrics}
    for row in report.board.rows:
        assert one_line(row.label) in elements.shown
        for gap in row.skipped.values():
            assert one_line(gap.reason) in elements.shown


def test_a_family_of_which_a_part_is_missing_is_not_said_to_be_gone():
    board = make_board(*boards.core())
    gap = Gap("skipped", "gave no such figure")
    kept, *gone = [heading.name for heading in board.metrics if heading.name.startswith("truth/")]
    row = replace(board.rows[0], skipped=dict.fromkeys(gone, gap), metrics={kept: board.rows[0].metrics[kept]})
    view = row_views(figure_reports.of(replace(board, rows=(row, *board.rows[1:]))))[0]
    assert view.reasons == (f"{len(gone)} of {len(gone) + 1} figures of truth skipped: gave no such figure",)
    whole = replace(row, skipped=dict.fromkeys([kept, *gone], gap), metrics={})
    view = row_views(figure_reports.of(replace(board, rows=(whole, *board.rows[1:]))))[0]
    assert view.reasons == ("truth skipped: gave no such figure",)


def test_rows_of_others_name_their_distribution(report, elements):
    others = [row for row in report.board.rows if not row.own]
    assert others
    for row in others:
        assert f"{row.distribution} {row.version}" in elements.shown


def test_figures_without_scripts_are_those_of_the_metric_that_orders(report, elements):
    name = report.board.primary_metric
    assert name.replace("/", "/ ") in elements.shown or name in elements.shown


def test_the_islands_hold_what_the_page_draws(report, page):
    found = islands(page)
    assert set(found) == {"board-data", "figure-data", "answer-data"}
    assert len(found["answer-data"]["prompts"]) == len(report.samples)
    figures = found["figure-data"]
    assert len(figures["figures"]) == len(figures["specs"])
    assert {f["group"] for f in figures["figures"]} >= {"forest", "seeds"}
    assert all(0 <= f["data"] < len(figures["tables"]) for f in figures["figures"])


def test_the_command_and_the_suite_are_there(report, page):
    assert html.escape(one_line(report.reproduce, 4000), quote=True).replace("&#x27;", "&#39;") in page
    assert report.as_run.splitlines()[0] in page


def test_a_table_of_one_screen_is_small(page):
    assert len(page.encode()) < 1_900_000


def test_hostile_texts_are_text_everywhere(harmed):
    elements = Elements(harmed)
    assert not elements.open
    safe = {name for _, attributes in elements.tags for name in attributes}
    assert not [name for name in safe if name.startswith("on") or name in {"style", "srcdoc", "formaction"}]
    assert not {tag for tag, _ in elements.tags} & {"img", "iframe", "object", "embed", "base", "svg", "h4"}
    assert all(a["href"].startswith("#") for a in elements.of("a"))
    assert len(elements.of("script")) == 5
    assert len(elements.of("h1")) == len(elements.of("main")) == len(elements.of("title")) == 1
    islands(harmed)


def test_hostile_texts_steer_nothing(harmed):
    left = {ord(c) for c in harmed} & hostile.STEERING
    assert left <= {0x09, 0x0A}


def test_ids_are_unique(elements, harmed):
    for found in (elements, Elements(harmed)):
        ids = [a["id"] for _, a in found.tags if "id" in a]
        assert len(ids) == len(set(ids))


def test_names_that_elements_refer_to_exist(elements):
    ids = {a["id"] for _, a in elements.tags if "id" in a}
    assert {a["aria-labelledby"] for _, a in elements.tags if "aria-labelledby" in a} <= ids
    named = {a["href"][1:] for a in elements.of("a") if not a["href"].startswith("#row-")}
    assert named <= ids


def test_headings_leave_no_step_out(elements):
    levels = [int(tag[1]) for tag, _ in elements.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_a_board_without_any_figure_has_a_page():
    from dataclasses import replace

    full = figure_reports.core()
    gone = replace(full.board, rows=(), metrics=(), comparisons=(), primary_metric=None, tuning=None)
    text = page_html(replace(full, board=gone, curves=(), history=None))
    assert "No row has a figure" in text
    Elements(text)
