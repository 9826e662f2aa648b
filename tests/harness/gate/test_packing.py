import base64
import zlib

import numpy as np
import pytest

from harness.baseline_records import PackedItems
from harness.errors import StoreError
from harness.gate.packing import pack_items, pack_values, unpack_items, unpack_values

DRAWN = np.random.default_rng(0).integers(0, 2**63, (200, 3)).view(np.float64)
KINDS = {
    "bits of every kind": DRAWN[np.isfinite(DRAWN).all(1)],
    "extremes": np.array([[np.finfo(float).max, -np.finfo(float).max, 5e-324], [-0.0, 0.0, 1e-320]]),
    "small floats": np.float32(np.random.default_rng(1).normal(size=(3, 500))).astype(np.float64),
    "verdicts": np.random.default_rng(2).integers(-1, 2, (3, 500)).astype(np.float64),
    "one value": np.array([[0.1]]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_value_comes_back_to_the_last_bit(kind):
    values = KINDS[kind]
    dtype, text = pack_values(values)
    assert unpack_values(text, dtype, *values.shape).tobytes() == values.tobytes()


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([[0.0, 1.0, -128.0]], "i1"),
        ([[0.0, 1.0, 128.0]], "f4"),
        ([[0.5, 1.0]], "f4"),
        ([[0.1, 1.0]], "f8"),
        ([[1e300, 1.0]], "f8"),
        ([[-0.0, 1.0]], "f4"),
    ],
)
def test_the_smallest_type_that_holds_every_value(values, dtype):
    assert pack_values(np.array(values))[0] == dtype


@pytest.mark.parametrize("ids", [[], ["a"], ["a", "a"], ["", "\x00", "\u202e", "ü 語 😀", '"]', "x" * 10_000]])
def test_ids_come_back(ids):
    packed = pack_items(ids)
    assert packed.n == len(ids)
    assert unpack_items(packed) == tuple(ids)


def packed(raw):
    return base64.b64encode(zlib.compress(raw)).decode()


GOOD = pack_values(np.array([[0.1, 0.2], [0.3, 0.4]]))[1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (GOOD[:-8], "cut short|damaged"),
        ("no base64!", "damaged"),
        (base64.b64encode(b"no zlib").decode(), "damaged"),
        (packed(b"1234567"), "7 bytes of values where 2 x 2 values take 32"),
        (packed(b"x" * 10**6), "33 bytes"),
        (packed(np.array([1.0, 2.0, np.nan, 4.0]).tobytes()), "no finite number"),
    ],
)
def test_damaged_values_are_named(text, problem):
    with pytest.raises(StoreError, match=problem) as caught:
        unpack_values(text, "f8", 2, 2)
    assert "harness accept" in caught.value.fix


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (PackedItems(n=1, packed=packed(b"{")), "no JSON"),
        (PackedItems(n=1, packed=packed(b'{"a": 1}')), "no list of texts"),
        (PackedItems(n=1, packed=packed(b"[1]")), "no list of texts"),
        (PackedItems(n=2, packed=packed(b'["a"]')), "1 ids of items where 2 are announced"),
        (PackedItems(n=1, packed=packed(b'["a"]')[:-6]), "cut short|damaged"),
        (PackedItems(n=1, packed=packed(b"[" * 200_000)), "no JSON"),
    ],
)
def test_damaged_ids_are_named(found, problem):
    with pytest.raises(StoreError, match=problem):
        unpack_items(found)
