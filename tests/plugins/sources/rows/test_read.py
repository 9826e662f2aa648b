from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import pytest
from harness_plugins.sources.files.location import locate
from harness_plugins.sources.rows.read import read
from harness_plugins.sources.rows.row import Dropped, Row

from harness import DataError

GOOD = {"prompt": "What is ice?", "chosen": "Frozen water: \u2028 H₂O.", "rejected": "No."}
LINE = json.dumps(GOOD).encode() + b"\n"


def outcome(path: Path) -> list[Row | Dropped]:
    return [row for file in locate(str(path)) for row in read(file)]


def written(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    return path


def parquet(rows: list[dict[str, str]]) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


CONTENTS = {
    "jsonl": LINE * 2,
    "ndjson": LINE * 2,
    "json": json.dumps([GOOD, GOOD], ensure_ascii=False).encode(),
    "csv": b"prompt,chosen,rejected\n" + f'What is ice?,"{GOOD["chosen"]}",No.\n'.encode() * 2,
    "tsv": b"prompt\tchosen\trejected\n" + f"What is ice?\t{GOOD['chosen']}\tNo.\n".encode() * 2,
    "parquet": parquet([GOOD, GOOD]),
}


@pytest.mark.parametrize("zipped", ["", ".gz"])
@pytest.mark.parametrize("ending", CONTENTS)
def test_every_format_gives_the_same_rows_gzipped_or_not(tmp_path: Path, ending: str, zipped: str):
    rows = outcome(written(tmp_path, f"data.{ending}{zipped}", CONTENTS[ending]))
    assert [row.values for row in rows if isinstance(row, Row)] == [GOOD, GOOD]


def test_gzip_is_seen_from_the_content_not_from_the_name(tmp_path: Path):
    (tmp_path / "a.jsonl").write_bytes(gzip.compress(LINE, mtime=0))
    (tmp_path / "b.jsonl.gz").write_bytes(LINE)
    assert [row.where for row in outcome(tmp_path)] == ["a.jsonl:1", "b.jsonl.gz:1"]


@pytest.mark.parametrize("key", ["data", "rows", "examples", "instances"])
def test_json_rows_may_stand_under_a_key(tmp_path: Path, key: str):
    path = written(tmp_path, "a.json", json.dumps({"version": 1, key: [GOOD]}).encode())
    assert outcome(path) == [Row("a.json:1", GOOD)]


def test_json_lines_in_a_json_file_are_read_as_lines(tmp_path: Path):
    path = written(tmp_path, "a.json", LINE + b"\n{broken\n" + LINE)
    assert [type(row) for row in outcome(path)] == [Row, Dropped, Row]
    assert [row.where for row in outcome(path)] == ["a.json:1", "a.json:3", "a.json:4"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"prompt": "a", ', "not JSON"),
        (b"[1, 2]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"prompt": "\xff\xfe"}', "not UTF-8"),
        (b'{"prompt": "\xed\xa0\x80"}', "not UTF-8"),
        (b'{"prompt": "a\x00b"}', "not JSON"),
        (b"\x00\x00\x00", "not JSON"),
        (b'{"label": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a":' * 100_000, "JSON nested too deeply"),
        (b'{"prompt": "a"} {"prompt": "b"}', "not JSON"),
    ],
)
def test_a_broken_line_is_named_and_the_others_are_read(tmp_path: Path, line: bytes, reason: str):
    rows = outcome(written(tmp_path, "a.jsonl.gz", LINE + line + b"\n" + LINE))
    assert [row.where for row in rows] == ["a.jsonl.gz:1", "a.jsonl.gz:2", "a.jsonl.gz:3"]
    assert isinstance(rows[1], Dropped)
    assert rows[1].reason == reason
    assert str(rows[1]).startswith(f"a.jsonl.gz:2: {reason}")


@pytest.mark.parametrize("ending", ["jsonl", "json", "csv"])
def test_a_byte_order_mark_is_skipped(tmp_path: Path, ending: str):
    rows = outcome(written(tmp_path, f"a.{ending}", b"\xef\xbb\xbf" + CONTENTS[ending]))
    assert isinstance(rows[0], Row)
    assert rows[0].values["prompt"] == "What is ice?"


def test_windows_line_ends_and_blank_lines_are_no_part_of_rows(tmp_path: Path):
    content = LINE.replace(b"\n", b"\r\n") + b"\r\n  \r\n" + LINE
    assert [row.where for row in outcome(written(tmp_path, "a.jsonl", content))] == ["a.jsonl:1", "a.jsonl:4"]


def test_csv_fields_hold_line_ends_commas_quotes_and_long_text(tmp_path: Path):
    before = csv.field_size_limit()
    long = "x" * 200_000
    content = f'prompt,chosen\r\n"one\r\ntwo, ""three""",{long}\r\n\r\nlast,\r\n'.encode()
    assert outcome(written(tmp_path, "a.csv", content)) == [
        Row("a.csv:2", {"prompt": 'one\r\ntwo, "three"', "chosen": long}),
        Row("a.csv:5", {"prompt": "last", "chosen": ""}),
    ]
    assert csv.field_size_limit() == before


def test_broken_csv_records_are_named_and_the_others_are_read(tmp_path: Path):
    rows = outcome(written(tmp_path, "a.csv", b'a,b\n1,2\n1,2,3\n"x"y,2\n3,4\n5,"open\n6,7\n'))
    assert [str(row) if isinstance(row, Dropped) else row.where for row in rows] == [
        "a.csv:2",
        "a.csv:3: number of fields differs from the header's (3, not 2)",
        "a.csv:4: broken quoting (',' expected after '\"')",
        "a.csv:5",
        "a.csv:6-7: broken quoting (unexpected end of data)",
    ]


def test_parquet_text_that_is_not_utf8_drops_its_row_only(tmp_path: Path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = pa.array([b"good", b"\xff", b"fine"]).cast(pa.binary())
    buffers = texts.buffers()
    broken = pa.StringArray.from_buffers(3, buffers[1], buffers[2])
    pq.write_table(pa.table({"prompt": broken}), tmp_path / "a.parquet")
    assert outcome(tmp_path / "a.parquet") == [
        Row("a.parquet:1", {"prompt": "good"}),
        Dropped("a.parquet:2", "not UTF-8"),
        Row("a.parquet:3", {"prompt": "fine"}),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl.gz", gzip.compress(LINE * 1000, mtime=0)[:-40], "cut short or damaged"),
        ("a.jsonl.gz", gzip.compress(LINE * 1000, mtime=0)[:60] + b"\0" * 60, "cut short or damaged"),
        ("a.jsonl.gz", b"\x1f\x8bgarbage", "cut short or damaged"),
        ("a.jsonl", b"", "holds no row"),
        ("a.jsonl", b"\n \r\n\n", "holds no row"),
        ("a.json", b"", "cannot be read as JSON"),
        ("a.json", b"[]", "holds no row"),
        ("a.json", b"3", "neither an array nor an object"),
        ("a.json", b'[{"prompt": "a"}, {"pro', "cannot be read as JSON"),
        ("a.json", b"[" * 100_000, "cannot be read as JSON"),
        ("a.json", b"[" + b"9" * 5000 + b"]", "cannot be read as JSON"),
        ("a.csv", b"", "holds no row"),
        ("a.csv", b"prompt,chosen\n", "holds no row"),
        ("a.csv", b"prompt,prompt\n1,2\n", "names a column twice: prompt"),
        ("a.csv", b'"prompt,chosen\n1,2\n', "header is broken"),
        ("a.parquet", b"", "cannot be read as Parquet"),
        ("a.parquet", b"PAR1 but no more", "cannot be read as Parquet"),
        ("a.jsonl", LINE.decode().encode("utf-16"), "is UTF-16 text"),
        ("a.csv", "prompt,chosen\n1,2\n".encode("utf-16"), "is UTF-16 text"),
    ],
)
def test_a_file_that_is_broken_as_a_whole_is_an_error_with_a_remedy(
    tmp_path: Path, name: str, content: bytes, message: str
):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        outcome(tmp_path / name)
    assert caught.value.fix
    assert caught.value.where == str(tmp_path / name)


def test_a_path_that_names_nothing_is_an_error_with_a_remedy(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("no data")
    (tmp_path / "empty").mkdir()
    for path, message in [
        ("", "no file is named"),
        (str(tmp_path / "gone.jsonl"), "no such file"),
        (str(tmp_path / "*.jsonl"), "names no file"),
        (str(tmp_path / "notes.txt"), "unknown format"),
        (str(tmp_path / "empty"), "names no file"),
        ("a\0b", "no such file"),
    ]:
        with pytest.raises(DataError, match=message) as caught:
            locate(path)
        assert caught.value.fix


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path):
    path = written(tmp_path, "a.jsonl", LINE)
    path.chmod(0)
    with pytest.raises(DataError, match="cannot be read"):
        outcome(path)


def test_a_folder_or_a_pattern_names_its_files_in_order(tmp_path: Path):
    for name in ("b.jsonl", "a.jsonl.gz", "sub/c.jsonl", ".hidden.jsonl", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path, name, LINE)
    assert [file.name for file in locate(str(tmp_path))] == ["a.jsonl.gz", "b.jsonl"]
    assert [file.name for file in locate(str(tmp_path / "**/*.jsonl"))] == ["b.jsonl", "sub/c.jsonl"]


def test_files_of_several_formats_are_an_error(tmp_path: Path):
    written(tmp_path, "a.jsonl", LINE)
    written(tmp_path, "a.csv", b"prompt\n1\n")
    with pytest.raises(DataError, match="several formats: CSV, JSON lines"):
        locate(str(tmp_path))


def test_a_name_with_pattern_characters_is_a_name_if_it_exists(tmp_path: Path):
    path = written(tmp_path, "a[1].jsonl", LINE)
    assert [row.where for row in outcome(path)] == ["a[1].jsonl:1"]
