import numpy as np
import tiny

from harness.examples import Example, Response, user_prompt
from harness.run.column_store import TOGETHER, ColumnValues, distinct, response_keys


def encoded(*examples):
    return tiny.language_model().encoder.examples(examples)


def counting(items):
    """Stands for a column: the number of tokens of each response."""
    return [np.array([float(len(r)) for r in item.responses], dtype=np.float32) for item in items]


def pair(name, prompt, *responses):
    made = (Response(r) if isinstance(r, str) else Response(r[0], prompt=user_prompt(r[1])) for r in responses)
    return Example(name, user_prompt(prompt), tuple(made))


def test_a_response_that_stands_in_many_examples_is_computed_once():
    items = encoded(pair("a", "w1", "w2", "w3 w4"), pair("b", "w1", "w2"), pair("c", "w5", "w2"))
    assert sum(len(e.responses) for e in distinct(items)) == 3


def test_a_response_with_a_prompt_of_its_own_is_found_under_that_prompt():
    items = encoded(pair("a", "w1", "w2", ("w3", "w9")), pair("b", "w9", "w4 w5", "w3"))
    values = ColumnValues()
    values.add(items, counting)
    assert [v.tolist() for v in values.of(items)] == [[2.0, 2.0], [3.0, 2.0]]
    assert len(values.known) == 3


def test_a_prompt_with_thousands_of_responses_is_computed_in_parts():
    items = encoded(*(pair(str(i), "", f"w{i % 60} w{i // 60}") for i in range(100)))
    assert max(len(e.responses) for e in distinct(items)) == TOGETHER


def test_what_is_known_stays_and_comes_back_from_disk(tmp_path):
    items = encoded(pair("a", "w1", "w2", "w3"))
    values = ColumnValues({response_keys(items[0])[0]: 7.0})
    values.add(items, counting)
    assert values.of(items)[0].tolist() == [7.0, 2.0]
    values.write(tmp_path)
    assert ColumnValues.read(tmp_path).known == values.known
    first = (tmp_path / "column.safetensors").read_bytes()
    ColumnValues.read(tmp_path).write(tmp_path)
    assert (tmp_path / "column.safetensors").read_bytes() == first


def test_a_part_holds_its_own_examples_alone():
    items = encoded(pair("a", "w1", "w2"), pair("b", "w3", "w4"))
    values = ColumnValues()
    values.add(items, counting)
    assert list(values.part(items[:1]).known) == response_keys(items[0])
