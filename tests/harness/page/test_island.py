import json
import math

import hostile
import pytest

from harness.page.island import island, short


@pytest.mark.parametrize("text", list(hostile.TEXTS.values()), ids=repr)
def test_no_text_ends_the_element_or_begins_another(text):
    told = island({text: [text]})
    assert not set(told) & set("<>&\u2028\u2029")
    assert json.loads(told) == {text: [text]}


def test_what_json_has_not_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        island([math.nan])


@pytest.mark.parametrize(
    ("value", "told"),
    [(1 / 3, 0.33333), (2.0, 2), (123456.7, 123460), (-0.0, 0), (math.inf, None), (math.nan, None), (None, None)],
)
def test_numbers_have_five_digits(value, told):
    found = short(value)
    assert found == told
    assert isinstance(found, type(told))
