"""Whatever a run is named and a model answers, a page has the elements, attributes and links of its template alone."""

import base64
import hashlib
import json
import re

import hostile
import pytest
import reports
from lxml import html

from harness.page import page_html
from harness.render.text import one_line

TEXTS = list(hostile.TEXTS.values())
SOME = 33
METRICS = 6
"""Rows are all of the texts, metrics only so many of them: a figure is drawn of each."""


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return parsed(page_html(reports.small(tmp_path_factory.mktemp("plain"))))


@pytest.fixture(scope="module", params=range(0, len(TEXTS), SOME))
def texts(request):
    return TEXTS[request.param : request.param + SOME]


@pytest.fixture(scope="module")
def text(texts, tmp_path_factory):
    return page_html(reports.hostile_report(tmp_path_factory.mktemp("hostile"), texts, METRICS))


def parsed(text):
    """As a browser reads it: libxml2 splits HTML into tags by the rules of HTML 5."""
    return html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))


def scripts(page):
    """Inline scripts that are no data."""
    return [s.text for s in page.iter("script") if s.get("type") != "application/json"]


def islands(page):
    return {s.get("id"): json.loads(s.text) for s in page.iter("script") if s.get("type") == "application/json"}


def test_there_is_no_element_and_no_attribute_that_the_template_has_not(text, plain):
    known = {(e.tag, name) for e in plain.iter(html.etree.Element) for name in ("", *e.attrib)}
    found = {(e.tag, name) for e in parsed(text).iter(html.etree.Element) for name in ("", *e.attrib)}
    assert found - known <= {("tr", "data-size"), ("table", "class")}
    assert not [name for _, name in found if name.startswith("on") or name == "srcdoc"]


def test_scripts_and_styles_are_those_of_every_page_and_allowed_by_their_digest(text, plain):
    page = parsed(text)
    assert scripts(page) == scripts(plain)
    assert [s.text for s in page.iter("style")] == [s.text for s in plain.iter("style")]
    (policy,) = [m.get("content") for m in page.iter("meta") if m.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts(page)]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "connect-src" not in rules or rules["connect-src"] == "'none'"


def test_links_stay_on_the_page(text):
    page = parsed(text)
    ids = [e.get("id") for e in page.iter(html.etree.Element) if e.get("id")]
    assert len(ids) == len(set(ids))
    for element, name, link, _ in page.iterlinks():
        assert link == "data:," if element.tag == "link" else re.fullmatch(r"#[a-z0-9-]+", link), (name, link)


def test_every_text_is_told_as_text(text, texts):
    page = parsed(text)
    said = [*("".join(e.itertext()) for e in page.iter("th", "td", "a")), *_strings(islands(page))]
    assert not [t for t in texts if one_line(t) and one_line(t) not in {one_line(s) for s in said}]


def _strings(value):
    if isinstance(value, dict):
        for key, one in value.items():
            yield from (key, *_strings(one))
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
    elif isinstance(value, str):
        yield value


def test_nothing_steers_the_direction_or_cannot_be_written(text):
    assert text.encode().decode() == text
    assert not {c for c in text if ord(c) in hostile.STEERING} - {"\n", "\t"}
    assert not {c for c in "".join(_strings(islands(parsed(text)))) if ord(c) in hostile.STEERING} - {"\n", "\t"}
    assert "\\ud8" not in text.split('id="board-data">')[1].partition("</script>")[0].lower()


def test_a_page_says_no_text_that_a_file_cannot_hold(tmp_path):
    import dataclasses

    report = reports.small(tmp_path)
    for text in hostile.UNWRITABLE.values():
        board = dataclasses.replace(report.board, suite=text, description=text, problems=(text,))
        samples = tuple(dataclasses.replace(s, prompt=text, item=text) for s in report.samples)
        page_html(dataclasses.replace(report, board=board, samples=samples, as_run=text, reproduce=text)).encode()
