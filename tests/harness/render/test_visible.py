import json

import hostile
import pytest

from harness.render.visible import escaped, visible


@pytest.mark.parametrize("text", [*hostile.TEXTS.values(), *hostile.UNWRITABLE.values()], ids=repr)
def test_nothing_is_left_that_steers_a_terminal_or_the_direction(text):
    shown = visible(text)
    assert not {ord(c) for c in shown} & (hostile.STEERING - {0x09, 0x0A})
    shown.encode()


@pytest.mark.parametrize(
    "text", ["naïve café", "می‌خواهم", "👩‍👩‍👧 👍🏽 ☺️", "क्‍ष", "漢字", "שלום", "a\n\n  b\tc", "x" * 100_000, ""]
)
def test_what_people_write_stays(text):
    assert visible(text) == text


def test_control_characters_become_their_numbers():
    assert visible("a\x1b[31mb\x07\x00\x7f\x9b") == "a‹U+001B›[31mb‹U+0007›‹U+0000›‹U+007F›‹U+009B›"


def test_what_turns_the_direction_becomes_its_number():
    assert visible("\u202egnp\u2066\u200f") == "‹U+202E›gnp‹U+2066›‹U+200F›"


def test_hidden_letters_can_be_read():
    assert visible("ok\U000e0041") == "ok‹U+E0041›"


def test_ends_of_lines_are_one():
    assert visible("a\r\nb\u2028c\u2029d\x85e\rf") == "a\nb\nc\nd\ne‹U+000D›f"


@pytest.mark.parametrize("text", [*hostile.TEXTS.values(), *hostile.UNWRITABLE.values()], ids=repr)
def test_escaped_json_holds_the_same_and_steers_nothing(text):
    plain = json.dumps({text: [text]}, indent=1, ensure_ascii=False)
    shown = escaped(plain)
    assert json.loads(shown) == json.loads(plain)
    assert not {ord(c) for c in shown} & (hostile.STEERING - {0x09, 0x0A, 0x2028, 0x2029})
    shown.encode()
