import numpy as np
import pytest
import tiny
from safetensors.numpy import load_file

from harness.examples import Example, Response, user_prompt
from harness.run.column_store import FILE, KEY, TOGETHER, ColumnValues, Table, distinct, response_keys


def encoded(*examples):
    return tiny.language_model().encoder.examples(examples)


def counting(items):
    """Stands for a column: the number of tokens of each response."""
    return [np.array([float(len(r)) for r in item.responses], dtype=np.float32) for item in items]


def pair(name, prompt, *responses):
    made = (Response(r) if isinstance(r, str) else Response(r[0], prompt=user_prompt(r[1])) for r in responses)
    return Example(name, user_prompt(prompt), tuple(made))


def named(items):
    return [response_keys(item) for item in items]


def all_of(items):
    return distinct(items, named(items), {key for keys in named(items) for key in keys})


def drawn(count, seed=0):
    """Keys of which some begin, and some end, with NUL bytes."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 256, (count, 16), dtype=np.uint8)
    table[::5, 14:] = 0
    table[::7, :3] = 0
    return [row.tobytes() for row in table], rng.normal(size=count).astype(np.float32)


# Keys


def test_a_key_names_the_prompt_the_response_and_what_tokens_are_left_of_both():
    item = encoded(pair("a", "w1 w2", "w3", "w4"))[0]
    key = response_keys(item)[0]
    assert response_keys(encoded(pair("b", "w1 w2", "w3"))[0]) == [key]
    others = [
        *response_keys(encoded(pair("a", "w1", "w3"))[0]),
        *response_keys(encoded(pair("a", "w1 w2", "w4"))[0]),
        *response_keys(encoded(pair("a", "w1 w2", ("w3", "w9")))[0]),
    ]
    model = tiny.language_model()
    model.encoder.tokens = model.encoder.tokens.model_copy(update={"max": 3, "min_prompt": 1})
    others += response_keys(model.encoder.examples([pair("a", "w1 w2", "w3")])[0])  # cut
    assert len({key, *others}) == 1 + len(others)


def test_a_key_without_tokens_is_the_same_whichever_tokenizer_laid_the_example_out():
    example = pair("a", "w1 w2", "w3", ("w3", "w9"))
    own, other = tiny.language_model(), tiny.language_model()
    other.encoder.tokenizer = tiny.tokenizer(backwards=True)
    first, second = (m.encoder.examples([example])[0] for m in (own, other))
    assert first.responses != second.responses
    assert response_keys(first, tokens=False) == response_keys(second, tokens=False)
    assert not set(response_keys(first)) & set(response_keys(second))
    assert len(set(response_keys(first, tokens=False))) == 2


# What is asked for


def test_a_response_that_stands_in_many_examples_is_computed_once():
    items = encoded(pair("a", "w1", "w2", "w3 w4"), pair("b", "w1", "w2"), pair("c", "w5", "w2"))
    assert sum(len(e.responses) for e in all_of(items)) == 3


def test_a_response_with_a_prompt_of_its_own_is_found_under_that_prompt():
    items = encoded(pair("a", "w1", "w2", ("w3", "w9")), pair("b", "w9", "w4 w5", "w3"))
    values = ColumnValues()
    assert [v.tolist() for v in values.of(items, counting)] == [[2.0, 2.0], [3.0, 2.0]]
    assert len(values.fresh) == 3


def test_a_prompt_with_thousands_of_responses_is_computed_in_parts():
    items = encoded(*(pair(str(i), "", f"w{i % 60} w{i // 60}") for i in range(100)))
    assert max(len(e.responses) for e in all_of(items)) == TOGETHER


def test_what_is_known_is_not_computed_again():
    items = encoded(pair("a", "w1", "w2", "w3"), pair("b", "w4", "w5 w6"))
    values = ColumnValues(stored=[Table.of(response_keys(items[0])[:1], np.float32([7.0]))])
    asked = []
    for _ in range(2):
        found = values.of(items, lambda missing: asked.append([len(e.responses) for e in missing]) or counting(missing))
        assert [v.tolist() for v in found] == [[7.0, 2.0], [3.0]]
    assert asked == [[1, 1]]


def test_what_is_neither_known_nor_to_be_computed_is_an_error():
    with pytest.raises(KeyError, match="2 of 2 responses"):
        ColumnValues().of(encoded(pair("a", "w1", "w2", "w3")))


def test_of_two_values_the_first_stays_and_what_was_computed_on_the_spot_gives_way():
    items = encoded(pair("a", "w1", "w2", "w3"))
    first, second = response_keys(items[0])
    values = ColumnValues(fresh={first: 1.0, second: 2.0})
    values.attach(Table.of([first], np.float32([5.0])))
    values.attach(Table.of([first], np.float32([6.0])))
    assert values.of(items)[0].tolist() == [5.0, 2.0]
    assert list(values.fresh) == [second]


# On disk


def test_a_table_comes_back_from_disk_by_value_and_byte_for_byte(tmp_path):
    keys, values = drawn(500)
    Table.of([*keys, *keys[:9]], np.concatenate([values, values[:9]])).write(tmp_path)
    found = Table.open(tmp_path)
    assert len(found) == 500
    there, back = found.find(np.array(keys, dtype=KEY))
    assert there.all()
    assert back.tolist() == values.tolist()
    first = (tmp_path / FILE).read_bytes()
    Table.of(keys[::-1], values[::-1]).write(tmp_path)
    assert (tmp_path / FILE).read_bytes() == first
    stored = load_file(tmp_path / FILE)  # as anybody else reads it
    assert [row.tobytes() for row in stored["keys"]] == sorted(keys)
    assert stored["values"].dtype == np.float32


def test_a_key_that_is_not_there_is_not_found_wherever_it_would_stand(tmp_path):
    keys, values = drawn(200)
    table = Table.of(keys, values)
    table.write(tmp_path)
    others, _ = drawn(200, seed=1)
    edges = [b"\0" * 16, b"\xff" * 16, keys[0][:15] + bytes([keys[0][15] ^ 1])]
    for one in (table, Table.open(tmp_path)):
        assert not one.find(np.array([*others, *edges], dtype=KEY))[0].any()


def test_a_table_is_mapped_and_not_read(tmp_path):
    Table.of(*drawn(100)).write(tmp_path)
    found = Table.open(tmp_path)
    assert isinstance(found.keys, np.memmap)
    assert isinstance(found.values, np.memmap)
    assert not found.keys.flags.writeable


def test_a_column_of_nothing_is_stored_and_found_empty(tmp_path):
    Table.of([], np.empty(0, np.float32)).write(tmp_path)
    found = Table.open(tmp_path)
    assert len(found) == 0
    assert not found.find(np.array([b"a"], dtype=KEY))[0].any()
    assert ColumnValues(stored=[found]).of([]) == []
