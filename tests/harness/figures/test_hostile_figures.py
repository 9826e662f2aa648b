"""Whatever rows, metrics and quantities are called, figures show it and nothing else."""

import re
from xml.etree import ElementTree as ET

import harmless
import hostile
import pytest
import reports

from harness.figures import figures_of
from harness.figures.draw import svg

TEXTS = list(hostile.TEXTS.values())
SOME = 33
METRICS = 6
"""Rows are all of the texts, metrics only so many of them: a figure is drawn of each."""
CODE = {
    "expr",
    "filter",
    "calculate",
    "test",
    "labelExpr",
    "signal",
    "update",
    "events",
    "field",
    "groupby",
    "as",
    "url",
}
"""Keys of a spec whose strings name columns or are computed."""
ELEMENTS = {"svg", "g", "path", "text", "tspan", "line", "rect", "circle", "defs", "clipPath", "title", "desc", "style"}
WORDS = {"aria-label", "aria-roledescription"}
TITLED = 8
"""Letters of a text by which it is told in a spec."""


@pytest.fixture(scope="module", params=range(0, len(TEXTS), SOME))
def texts(request):
    return TEXTS[request.param : request.param + SOME]


@pytest.fixture(scope="module")
def figures(texts, tmp_path_factory):
    return figures_of(reports.hostile_report(tmp_path_factory.mktemp("hostile"), texts, METRICS))


def code(value, key=""):
    """Strings of a spec that Vega computes, or looks up."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from code(inner, name if isinstance(inner, str | list) else key if key in CODE else name)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from code(inner, key)
    elif isinstance(value, str) and key in CODE:
        yield value


def test_nothing_of_theirs_is_computed_or_names_a_column(figures, texts):
    distinctive = [text for text in texts if len(text.strip()) >= TITLED]
    for figure in figures:
        found = set(code(figure.spec))
        assert not [text for text in distinctive for one in found if text.strip()[:TITLED] in one], figure.name
        assert not [column for column in figure.data if not re.fullmatch(r"[a-z]\w*", column)], figure.name


def test_file_names_are_plain_and_differ(figures):
    names = [figure.name for figure in figures]
    assert len({name.lower() for name in names}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9][\w.-]{0,119}", name, flags=re.ASCII) for name in names)


def test_words_around_a_figure_steer_nothing(figures):
    for figure in figures:
        told = (figure.title, figure.caption, figure.alt, figure.choice)
        assert not harmless.steering("".join(told)), figure.name
        assert all("\n" not in text for text in told)


def test_svg_holds_no_script_no_link_and_no_handler(figures):
    groups = {figure.group: figure for figure in figures}
    assert len(groups) >= 4
    for figure in groups.values():
        drawn = svg(figure)
        assert not harmless.steering(drawn)
        for element in ET.fromstring(drawn).iter():
            assert element.tag.rpartition("}")[2] in ELEMENTS, (figure.name, element.tag)
            names = {name.rpartition("}")[2].lower() for name in element.attrib}
            assert not {name for name in names if name.startswith("on") or name in {"href", "src"}}, figure.name
            drawing = [v for name, v in element.attrib.items() if name not in WORDS]
            assert not [v for v in drawing if re.search(r"url\((?!['\"]?#)|javascript:", v)], figure.name
