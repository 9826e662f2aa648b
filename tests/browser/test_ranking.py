"""The ranked table: sorted, filtered, and by whichever metric."""

import pytest

ROWS = "#ranking tbody tr:not([hidden])"


def labels(page):
    return page.locator(f"{ROWS} a.name").all_inner_texts()


def numbers(page, cell):
    """The first number of a cell in every row, in the order shown; None where there is none."""
    texts = [text.split() for text in page.locator(f"{ROWS} {cell}").all_inner_texts()]
    return [number(text[0]) if text else None for text in texts]


def number(text):
    try:
        return float(text.replace("−", "-").replace(",", "").replace("+", ""))
    except ValueError:
        return None


def heading(page, name):
    return page.locator(f"#ranking th[data-sort='{name}']")


@pytest.mark.parametrize("press", ["click", "Enter", "Space"])
def test_a_heading_sorts_one_way_then_the_other_then_as_the_board(opened, press):
    order, button = labels(opened), heading(opened, "label").locator("button")

    def go():
        if press == "click":
            button.click()
        else:
            button.focus()
            opened.keyboard.press(press)

    go()
    first, told = labels(opened), heading(opened, "label").get_attribute("aria-sort")
    assert first == sorted(order, key=str.lower)
    assert told == "ascending"
    go()
    assert labels(opened) == first[::-1]
    assert heading(opened, "label").get_attribute("aria-sort") == "descending"
    go()
    assert labels(opened) == order
    assert opened.locator("#ranking th[aria-sort]:not([aria-sort=none])").count() <= 1


def test_scores_are_sorted_as_numbers_and_gaps_come_last_both_ways(opened):
    opened.locator("#metric").select_option(label="drift/kl (nats)")
    button = heading(opened, "score").locator("button")
    seen = set()
    for _ in range(2):
        button.click()
        found = numbers(opened, "td.score")
        known = [value for value in found if value is not None]
        assert found[len(known) :] == [None] * (len(found) - len(known)) != []
        assert known in (sorted(known), sorted(known, reverse=True))
        assert known == sorted(known, reverse=heading(opened, "score").get_attribute("aria-sort") == "descending")
        seen.add(tuple(known))
    assert len(seen) == 2


def test_text_narrows_the_table_and_the_count_says_so(opened):
    opened.locator("#find").fill("DPO")
    assert sorted(labels(opened)) == ["dpo", "dpo again", "dpo on random labels"]
    assert opened.locator("#count").inner_text() == "3 of 8 rows"
    opened.locator("#find").fill("no such row")
    assert labels(opened) == []
    opened.locator("#find").fill("")
    assert len(labels(opened)) == 8


def test_contenders_third_parties_and_standings_can_be_chosen(opened):
    opened.locator("#contenders").check()
    assert not {"base", "oracle", "dpo again"} & set(labels(opened))
    opened.locator("#third-party").check()
    assert labels(opened) == ["rpo"]
    assert "harness-margin 2.1" in opened.locator(f"{ROWS} .tag.third").inner_text()
    opened.locator("#contenders").uncheck()
    opened.locator("#third-party").uncheck()
    opened.locator("#standing").select_option("reference")
    assert sorted(labels(opened)) == ["base", "oracle"]


def test_another_metric_brings_its_own_scores_differences_and_title(opened):
    before = opened.locator("td.score").all_inner_texts()
    opened.locator("#metric").select_option(label="preference/accuracy ↑")
    assert opened.locator("td.score").all_inner_texts() != before
    assert "preference/accuracy" in heading(opened, "score").inner_text()
    assert "preferred" not in opened.locator("#metric-about").inner_text()
    assert opened.locator("#ranking td.plot svg").count() >= 7


def test_a_row_tells_its_reason_and_opens_for_more(opened):
    row = opened.locator("tr", has=opened.get_by_role("link", name="ddro", exact=True)).first
    assert "the loss is not finite at step 17" in row.locator(".reason").inner_text()
    row.locator("a.name").focus()
    opened.keyboard.press("Enter")
    dialog = opened.locator("dialog#row")
    assert dialog.is_visible()
    assert "ddro" in dialog.inner_text()
    opened.keyboard.press("Escape")
    assert dialog.is_hidden()
    assert opened.evaluate("document.activeElement.textContent") == "ddro"


def test_the_tied_set_the_seeds_the_costs_and_the_status_are_shown(opened):
    text = opened.locator("#ranking").inner_text()
    for word in ("best", "reference", "control", "CPU", "GB", "partial", "2 of 3", "untuned"):
        assert word in text, word
    assert opened.locator("#ranking tr.leads").count() >= 1


def test_every_metric_is_offered_and_columns_can_be_added(opened):
    assert opened.locator("#metric option").count() == 17
    before = opened.locator("#ranking thead th").count()
    opened.locator("#columns summary").click()
    box = opened.locator("#columns input:not(:checked)").first
    box.check()
    assert opened.locator("#ranking thead th").count() == before + 1
