import gzip
import json

import pytest
from harness_plugins.evaluators.alpaca_eval.recordings import read_recording

import harness

ROW = {
    "instruction": "why?",
    "output_1": "so",
    "output_2": "because",
    "generator_1": "reference",
    "generator_2": "model",
    "annotator": "someone",
    "preference": 1.25,
}


@pytest.fixture
def written(tmp_path):
    def write(*rows, name="annotations.json"):
        path = tmp_path / name
        path.write_text(json.dumps([{**ROW, **row} for row in rows]))
        return str(path)

    return write


def test_rows_are_read_with_who_judged_whom(written):
    found = read_recording(written({}, {"instruction": "who?", "preference": 2}))
    assert (found.model, found.reference, found.judge) == ("model", "reference", "someone")
    assert [row.preference for row in found.rows] == [1.25, 2.0]
    assert (found.rows[0].instruction, found.rows[0].reference, found.rows[0].answer) == ("why?", "so", "because")


def test_gzip_is_read_by_its_content_not_its_name(written, tmp_path):
    path = tmp_path / "annotations.json"
    path.write_bytes(gzip.compress(json.dumps([ROW]).encode(), mtime=0))
    assert read_recording(str(path)).readable == [1.25]


def test_draws_of_the_first_alpaca_eval_are_one_half(written):
    found = read_recording(written({"preference": 0}, {"preference": 1}, {"preference": 2}, {"preference": 1.5}))
    assert found.readable == [1.5, 1.0, 2.0, 1.5]


def test_missing_preferences_are_kept_as_missing(written):
    found = read_recording(written({"preference": None}, {"preference": float("nan")}, {}))
    assert [row.preference for row in found.rows] == [None, None, 1.25]
    assert found.readable == [1.25]


def test_rows_on_the_same_texts_are_counted(written):
    assert read_recording(written({}, {}, {"output_2": "for no reason"})).repeated == 1


@pytest.mark.parametrize("preference", ["1.5", True, 3, -1, 0.5, float("inf"), [1], {}])
def test_another_scale_is_refused_with_its_row(written, preference):
    with pytest.raises(harness.DataError, match="is of another scale") as caught:
        read_recording(written({}, {"preference": preference}))
    assert caught.value.where.endswith("annotations.json:2")
    assert "from 1 (the reference) to 2" in caught.value.fix


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "holds no row"),
        (b"[]", "holds no row"),
        (b"{", "cannot be read"),
        (b"not json", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"[1, 2]", "a row is no object"),
        (b'[{"instruction": "why?"}]', "has no 'preference'"),
        (b'[{"preference": null}]', "holds no preference"),
        (b'[{"preference": 1, "output_1": 3}]', "no text"),
        (gzip.compress(json.dumps([ROW]).encode(), mtime=0)[:40], "cannot be read"),
    ],
)
def test_what_is_no_annotation_file_is_said_to_be_none(tmp_path, content, problem):
    path = tmp_path / "annotations.json"
    path.write_bytes(content)
    with pytest.raises(harness.DataError, match=problem):
        read_recording(str(path))


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(harness.DataError, match="cannot be read"):
        read_recording(str(tmp_path / "nothing.json"))


@pytest.mark.parametrize("key", ["generator_1", "generator_2", "annotator"])
def test_annotations_of_several_models_are_not_mixed(written, key):
    with pytest.raises(harness.DataError, match=f"2 different '{key}': another, "):
        read_recording(written({}, {key: "another"}))
