"""The answers of all rows to one prompt, side by side."""

import pytest


@pytest.fixture
def opened(opened):
    """Scrolled to where the answers are, which is when they are put into the page."""
    opened.locator("#answers").scroll_into_view_if_needed()
    opened.locator("#answer-grid article.answer").first.wait_for()
    return opened


def prompt(page):
    return page.locator("#prompt-text").inner_text()


def test_a_prompt_shows_every_rows_answer_with_its_verdicts(opened):
    assert "please explain" in prompt(opened)
    cards = opened.locator("#answer-grid article.answer")
    assert cards.count() == 7
    for i in range(cards.count()):
        assert "said drift" in cards.nth(i).locator(".text").inner_text()
        assert cards.nth(i).locator(".chip").count() >= 1
    assert opened.locator("#answer-grid .flag").count() >= 1


def test_prompts_are_gone_through_by_keys_and_buttons(opened):
    first = prompt(opened)
    opened.keyboard.press("j")
    second = prompt(opened)
    assert second != first
    opened.keyboard.press("k")
    assert prompt(opened) == first
    opened.locator("#next").click()
    assert prompt(opened) == second
    opened.locator("#previous").focus()
    opened.keyboard.press("Enter")
    assert prompt(opened) == first


def test_keys_are_letters_where_text_is_typed(opened):
    first = prompt(opened)
    opened.locator("#find").focus()
    opened.keyboard.type("jk?t")
    assert prompt(opened) == first
    assert opened.locator("#find").input_value() == "jk?t"
    assert opened.locator("dialog[open]").count() == 0
    assert opened.locator("html").get_attribute("data-theme") is None


def test_prompts_are_found_by_their_text_and_chosen(opened):
    opened.locator("#find-answers").fill("question 13")
    assert "question 13" in prompt(opened)
    opened.locator("#find-answers").fill("")
    told = opened.locator("#prompt option").nth(5).inner_text()
    opened.locator("#prompt").select_option(index=5)
    assert told.rpartition(" · ")[2] in prompt(opened)


def test_rows_can_be_left_out(opened):
    opened.locator("#answer-rows").select_option("contenders")
    assert opened.locator("#answer-grid article.answer").count() == 5
    opened.locator("#find").fill("sft")
    opened.locator("#answer-rows").select_option("shown")
    assert opened.locator("#answer-grid article.answer").count() == 1


def test_help_opens_and_closes_by_keyboard(opened):
    opened.keyboard.press("?")
    assert opened.locator("dialog#keys").is_visible()
    opened.keyboard.press("Escape")
    assert opened.locator("dialog#keys").is_hidden()
    opened.keyboard.press("/")
    assert opened.evaluate("document.activeElement.id") == "find"
    opened.keyboard.press("Escape")
    opened.locator("h1").click()
    opened.keyboard.press("m")
    assert opened.evaluate("document.activeElement.id") == "metric"
