import pytest
from harness_plugins.columns.length import Length

from harness import Example, Response, user_prompt

EXAMPLES = [
    Example("a", user_prompt("?"), (Response("two words"), Response(""))),
    Example("b", user_prompt("?"), (Response("  é\n\tü  "),)),
]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [[9, 0], [8]]),
        ({"unit": "words"}, [[2, 0], [2]]),
        ({"better": "shorter"}, [[-9, 0], [-8]]),
        ({"unit": "words", "better": "shorter"}, [[-2, 0], [-2]]),
    ],
)
def test_responses_are_rated_by_their_length(options, expected):
    found = Length(**options).compute(EXAMPLES, None)
    assert [values.tolist() for values in found] == expected
    assert all(values.dtype == "float32" for values in found)
    assert not any(str(value) == "-0.0" for values in found for value in values)


def test_it_reads_no_model_and_learns_nothing():
    assert (Length.reads, Length.learns, Length().needs()) == ("nothing", False, frozenset())
