"""Light, dark, on a phone, on paper."""

import re

import pytest

PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}


def brightness(page, what, selector="body"):
    """0 is black, 1 is white."""
    colour = page.evaluate(f"getComputedStyle(document.querySelector({selector!r})).{what}")
    red, green, blue = (float(part) for part in re.findall(r"[\d.]+", colour)[:3])
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


def is_dark(page):
    ground, ink = brightness(page, "backgroundColor"), brightness(page, "color")
    assert abs(ground - ink) > 0.5
    return ground < ink


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_as_light_as_the_system_and_as_the_reader_wants(open_page, scheme):
    with open_page(color_scheme=scheme) as page:
        assert is_dark(page) == (scheme == "dark")
        seen = set()
        for _ in range(3):
            page.locator("#theme").click()
            told = page.locator("html").get_attribute("data-theme")
            assert is_dark(page) == ((told or scheme) == "dark")
            seen.add(told)
        assert {"light", "dark"} <= seen
        page.emulate_media(color_scheme="light")
        page.locator("html:not([data-theme])").wait_for(state="attached")
        assert not is_dark(page)


def test_charts_follow_the_colours_of_the_page(open_page):
    with open_page(color_scheme="light") as page:
        chart = page.locator("article.figure[data-group=forest] .chart")
        chart.scroll_into_view_if_needed()
        page.locator("article.figure[data-group=forest] .chart[aria-busy=false] svg").wait_for()
        light = chart.inner_html()
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(
            "before => { const chart = document.querySelector('article.figure[data-group=forest] .chart');"
            " return chart.getAttribute('aria-busy') === 'false' && chart.innerHTML !== before; }",
            arg=light,
        )


@pytest.mark.parametrize("width", [320, 360])
def test_a_phone_shows_all_of_it_without_scrolling_sideways(open_page, width):
    with open_page(**{**PHONE, "viewport": {"width": width, "height": 740}}) as page:
        for part in ("#board", "#figures", "#answers", "#reproduce"):
            page.locator(part).scroll_into_view_if_needed()
            page.wait_for_timeout(50)
        page.locator("#figures .chart[aria-busy=false] svg").first.wait_for()
        page.evaluate("document.querySelectorAll('main details:not(.menu)').forEach(fold => { fold.open = true })")
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        assert page.locator("#prompt-text").is_visible()
        small = page.evaluate(
            """() => [...document.querySelectorAll("main button, main select, main input[type=search], header button")]
                .filter(e => e.offsetParent)
                .filter(e => e.getBoundingClientRect().height < 24 || e.getBoundingClientRect().width < 24)
                .map(e => e.outerHTML.slice(0, 100))"""
        )
        assert small == [], "targets smaller than 24 pixels (WCAG 2.2, 2.5.8)"


def test_paper_shows_tables_and_no_controls(open_page):
    with open_page(color_scheme="dark") as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print", color_scheme="dark")
        assert not is_dark(page)
        assert page.locator("#ranking").is_visible()
        assert page.locator(".controls:visible, .tools:visible").count() == 0
        assert page.locator("#cost table").first.is_visible()
        assert len(page.pdf(format="A4")) > 10_000


def test_the_ranking_on_paper_breaks_no_word_and_keeps_its_heads(open_page):
    with open_page(viewport={"width": 1030, "height": 700}) as page:
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.locator("#ranking button").count() == 0, "Chromium leaves buttons out of repeated heads"
        assert page.evaluate("document.querySelector('#ranking').scrollWidth <= innerWidth")
        lines = page.locator("#ranking thead th[data-sort='seeds'] > span").evaluate(
            "one => one.getClientRects().length"
        )
        assert lines == 1
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.locator("#ranking thead button").count() == page.locator("#ranking th[data-sort]").count()


def test_reasons_are_not_cut_on_a_common_screen(open_page):
    with open_page(viewport={"width": 1440, "height": 900}) as page:
        end = "one => one.getBoundingClientRect().right"
        box = page.locator("#board .scroll").evaluate(end)
        assert all(right <= box for right in page.locator("#ranking td.status").evaluate_all(f"all => all.map({end})"))
