"""A board of which every name, and every answer, tries to be more than text."""

import hostile
import pytest
from watched import watched

from harness.render.text import one_line


@pytest.fixture(scope="module")
def page(browser, hostile_file):
    with watched(browser, hostile_file) as found:
        yield found


def nothing_ran(page):
    page.wait_for_timeout(100)
    assert page.evaluate(f"window.{hostile.MARK} ?? null") is None
    assert page.sent + page.wrong == []


def test_rows_and_metrics_are_shown_letter_by_letter(page):
    labels = page.locator("#ranking tbody a.name").evaluate_all("all => all.map(one => one.textContent)")
    assert {one_line(text) for text in hostile.WORST} <= {label.strip() for label in labels}
    offered = page.locator("#metric option").evaluate_all("all => all.map(one => one.textContent)")
    assert len(offered) == 13
    assert all(any(one_line(text)[:20] in told for told in offered) for text in hostile.WORST[:8])
    nothing_ran(page)


def test_every_control_works_and_nothing_runs(page):
    for value in page.locator("#metric option").evaluate_all("all => all.map(one => one.value)")[::6]:
        page.locator("#metric").select_option(value)
    for name in page.locator("#ranking th[data-sort]").evaluate_all("all => all.map(one => one.dataset.sort)"):
        page.locator(f"#ranking th[data-sort='{name}'] button").click()
    for text in ("<script>", "__proto__", "\\", "(", "[", '"', "'"):
        page.locator("#find").fill(text)
        assert page.locator("#ranking tbody tr:not([hidden])").count() >= 1, text
    page.locator("#find").fill("")
    nothing_ran(page)


def test_every_row_opens_and_shows_its_options_as_text(page):
    rows = page.locator("#ranking tbody tr a.name")
    for place in range(rows.count()):
        rows.nth(place).click()
        assert page.locator("dialog#row").is_visible()
        page.keyboard.press("Escape")
    nothing_ran(page)


def test_answers_are_text_and_nothing_else(page):
    for _ in range(len(hostile.WORST)):
        page.keyboard.press("j")
        found = page.locator("#prompt-text .text, #answer-grid .text").evaluate_all(
            "all => all.flatMap(one => [...one.querySelectorAll('*')].map(inner => inner.tagName))"
        )
        assert set(found) <= {"SPAN", "MARK"}
    nothing_ran(page)


def test_charts_draw_and_hold_no_link_and_no_script(page):
    groups = page.locator("#figures article.figure")
    assert groups.count() >= 4
    for place in range(groups.count()):
        one = groups.nth(place)
        one.scroll_into_view_if_needed()
        for choice in one.locator("select.choice option").evaluate_all("all => all.map(o => o.value)")[::5]:
            if one.locator("select.choice").is_visible():
                one.locator("select.choice").select_option(choice)
            one.locator(".chart[aria-busy=false] svg").wait_for()
            assert one.locator(".chart :is(a, script, foreignObject, iframe, [onclick], [onload])").count() == 0
        box = one.locator(".chart").bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    nothing_ran(page)


def test_no_text_leaves_the_page_by_its_width(page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.evaluate("document.querySelectorAll('main details:not(.menu)').forEach(fold => { fold.open = true })")
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    nothing_ran(page)
