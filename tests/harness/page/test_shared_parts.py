import json

from harness.page.shared_parts import with_shared_parts


def whole(value, parts):
    """As the page's script does it."""
    if isinstance(value, list):
        return [whole(one, parts) for one in value]
    if isinstance(value, dict):
        return whole(parts[value["$"]], parts) if "$" in value else {k: whole(v, parts) for k, v in value.items()}
    return value


def test_what_is_alike_stands_there_once():
    axis = {"title": "loss", "ticks": [0, 1]}
    told, parts = with_shared_parts([{"x": axis}, {"x": dict(axis), "y": [0, 1]}])
    assert whole(told, parts) == [{"x": axis}, {"x": axis, "y": [0, 1]}]
    assert json.dumps([told, parts]).count("loss") == 1


def test_a_part_refers_to_parts_before_it():
    inner = {"a": [1, 2, 3]}
    told, parts = with_shared_parts([[inner, 1], [inner, 1], inner])
    assert whole(told, parts) == [[inner, 1], [inner, 1], inner]
    assert all(number < place for place, part in enumerate(parts) for number in numbers(part))


def numbers(value):
    if isinstance(value, dict) and "$" in value:
        return [value["$"]]
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [number for child in children for number in numbers(child)]


def test_true_and_one_are_not_alike():
    told, parts = with_shared_parts([[True, 2], [1, 2], [True, 2], ["True", 2]])
    assert json.dumps(whole(told, parts)) == '[[true, 2], [1, 2], [true, 2], ["True", 2]]'


def test_what_is_empty_needs_no_number():
    assert with_shared_parts([{}, {}, [], []]) == ([{}, {}, [], []], [])
