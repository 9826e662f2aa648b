import pytest

INJECTED = """async () => {
    const blocked = [];
    document.addEventListener("securitypolicyviolation", event => blocked.push(event.effectiveDirective));
    const image = document.body.appendChild(new Image());
    image.src = "https://elsewhere.invalid/a.png";
    const script = document.body.appendChild(document.createElement("script"));
    script.textContent = "window.injected = 1";
    const button = document.body.appendChild(document.createElement("button"));
    button.setAttribute("onclick", "window.injected = 1");
    button.click();
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.src = "https://elsewhere.invalid/";
    const sheet = document.head.appendChild(document.createElement("link"));
    sheet.rel = "stylesheet";
    sheet.href = "https://elsewhere.invalid/a.css";
    await fetch("https://elsewhere.invalid/").catch(() => undefined);
    await new Promise(done => setTimeout(done, 100));
    return { blocked: [...new Set(blocked)].sort(), injected: window.injected ?? null };
}"""


def test_the_page_opens_from_disk_without_a_network_and_without_a_complaint(opened):
    assert opened.title() == "core · leaderboard"
    assert opened.locator("h1").inner_text() == "core"
    assert opened.locator("#ranking tbody tr").count() == 8
    opened.wait_for_timeout(300)


def test_whatever_is_injected_loads_nothing_and_runs_nothing(open_page):
    with open_page() as page:
        found = page.evaluate(INJECTED)
        assert found["injected"] is None
        assert found["blocked"] == [
            "connect-src", "frame-src", "img-src", "script-src-attr", "script-src-elem", "style-src-elem"
        ]  # fmt: skip
        assert {one.failure for one in page.sent} == {"csp"}, "the policy must block them, not the lack of a network"
        page.wrong.clear()


def test_text_is_no_code_for_the_charting_library_either(open_page):
    with open_page() as page:
        page.evaluate(
            "setTimeout(() => { try { window.made = new Function('return 1')() } catch { window.made = 0 } })"
        )
        page.wait_for_function("window.made !== undefined")
        assert page.evaluate("window.made") == 0
        page.wrong.clear()


def test_without_scripts_every_table_is_there(open_page):
    with open_page(java_script_enabled=False) as page:
        assert page.locator("#ranking tbody tr").count() == 8
        assert "dpo again" in page.locator("#ranking").inner_text()
        assert page.locator("#metric").is_hidden()


@pytest.mark.parametrize("key", ["PageDown", "End"])
def test_the_page_scrolls_by_keyboard(opened, key):
    opened.keyboard.press(key)
    opened.wait_for_function("scrollY > 100")
