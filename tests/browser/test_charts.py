import re

GROUPS = {"forest", "seeds", "tradeoff", "learning", "budget", "history"}


def test_every_figure_of_every_group_draws(opened):
    groups = opened.locator("#figures article.figure")
    assert {groups.nth(i).get_attribute("data-group") for i in range(groups.count())} == GROUPS
    for i in range(groups.count()):
        one = groups.nth(i)
        one.scroll_into_view_if_needed()
        for choice in one.locator("select.choice option").evaluate_all("all => all.map(o => o.value)"):
            if one.locator("select.choice").is_visible():
                one.locator("select.choice").select_option(choice)
            chart = one.locator(".chart[aria-busy=false]")
            chart.wait_for()
            assert chart.locator("svg").count() == 1
            drawn = chart.locator("svg g[class*=mark-] :is(path, text, rect, line)").count()
            assert drawn > 10, (one.get_attribute("data-group"), choice, drawn)
            assert chart.get_attribute("aria-label")
            assert "NaN" not in chart.inner_html()
        assert one.locator(".caption").inner_text()


def test_a_figure_is_saved_as_svg_and_as_png(opened):
    one = opened.locator("article.figure[data-group=forest]")
    one.scroll_into_view_if_needed()
    one.locator(".chart[aria-busy=false]").wait_for()
    for kind, begins in (("svg", b"<svg"), ("png", b"\x89PNG")):
        with opened.expect_download() as saved:
            one.locator(f"button[data-save={kind}]").click()
        path = saved.value.path()
        assert re.fullmatch(rf"[\w.-]+\.{kind}", saved.value.suggested_filename)
        content = path.read_bytes()
        assert content.lstrip().startswith(begins)
        assert len(content) > 2000


def test_the_data_of_a_figure_are_there_as_a_table(opened):
    one = opened.locator("article.figure[data-group=forest]")
    one.scroll_into_view_if_needed()
    one.locator("details.data summary").click()
    assert one.locator("details.data table tbody tr").count() >= 7
