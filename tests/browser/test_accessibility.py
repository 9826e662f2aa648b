"""What axe-core finds, and what it cannot: focus, names and the order of tabs."""

from functools import cache
from importlib.resources import files
from itertools import pairwise

import pytest

VIEWS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True},
}
RUN = """([part, only]) => axe.run(document.querySelector(part), {
    resultTypes: ["violations"], ...(only.length ? { runOnly: { type: "rule", values: only } } : {}),
}).then(found => found.violations.map(one => ({
    id: one.id, impact: one.impact,
    where: one.nodes.map(n => `${n.target.join(" ")} ${n.failureSummary ?? ""}`).slice(0, 3),
})))"""
COLOURS = ("color-contrast", "link-in-text-block")
"""All that another palette can break."""
NAMELESS = """() => [...document.querySelectorAll("button, select, input, a[href], summary, dialog")]
    .filter(one => one.offsetParent)
    .filter(one => !(one.getAttribute("aria-label") || one.getAttribute("aria-labelledby") || one.textContent.trim()
        || one.labels?.[0]?.textContent.trim()))
    .map(one => one.outerHTML.slice(0, 200))"""


@cache
def axe():
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def serious(page, part="html", only=()):
    """Violations that keep somebody out."""
    return [one for one in page.evaluate(RUN, [part, list(only)]) if one["impact"] in {"serious", "critical"}]


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_no_serious_violation(open_page, view):
    only = COLOURS if view == "dark" else ()
    with open_page(bypass_csp=True, **VIEWS[view]) as page:
        page.evaluate(axe())
        groups = page.locator("#figures article.figure")
        for place in range(groups.count()):
            groups.nth(place).scroll_into_view_if_needed()
            groups.nth(place).locator(".chart[aria-busy=false]").wait_for()
        if view != "phone":
            page.evaluate("document.querySelectorAll('main details:not(.menu)').forEach(fold => { fold.open = true })")
        assert serious(page, only=only) == []
        page.locator("#columns summary").click()
        assert serious(page, "#columns", only) == []
        page.keyboard.press("Escape")
        page.locator("#ranking a.name").first.click()
        assert serious(page, "dialog#row", only) == []
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        assert serious(page, "dialog#keys", only) == []


def test_headings_go_down_one_level_at_a_time_and_every_control_has_a_name(opened):
    levels = opened.locator("h1:visible, h2:visible, h3:visible, h4:visible").evaluate_all(
        "all => all.map(one => Number(one.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert opened.evaluate(NAMELESS) == []


def test_tabs_go_through_the_page_in_its_order_and_show_where_they_are(opened):
    seen = []
    for _ in range(25):
        opened.keyboard.press("Tab")
        seen.append(
            opened.evaluate(
                """() => { const one = document.activeElement, style = getComputedStyle(one);
                return { place: one.getBoundingClientRect().top + scrollY, what: one.outerHTML.slice(0, 60),
                    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0
                        || style.boxShadow !== "none" }; }"""
            )
        )
    assert seen[0]["what"].startswith('<a class="skip"')
    assert [one["what"] for one in seen if not one["seen"]] == []
    places = [one["place"] for one in seen[1:]]
    assert max(before - after for before, after in pairwise(places)) < 60, "it goes back up the page"


def test_what_changes_is_said(opened):
    opened.locator("#find").fill("dpo")
    assert opened.locator("#count[aria-live=polite]").inner_text() == "3 of 8 rows"
    opened.locator("#copy").click()
    opened.wait_for_function("document.querySelector('#said').textContent.trim() !== ''")
