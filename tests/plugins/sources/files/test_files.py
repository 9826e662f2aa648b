from __future__ import annotations

import gzip
import json
import os
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast, get_args

import pytest
from harness_plugins.sources.files import Files, harness_sources

import harness
from harness.digest import plain
from harness.examples import Split, carries

SPLITS: tuple[Split, ...] = get_args(Split)


def pair(i: int, **more: Any) -> dict[str, Any]:
    return {"prompt": f"Question {i}?", "chosen": f"yes {i}", "rejected": f"no {i}", **more}


def saved(path: Path, rows: Sequence[Any]) -> Files:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Files(path=str(path))


def parts(source: Files, seed: int = 0) -> dict[Split, harness.ExampleSet]:
    return {split: source.examples(split, seed) for split in SPLITS}


def ids(examples: Sequence[harness.Example]) -> list[str]:
    return [example.id for example in examples]


@pytest.fixture
def source(tmp_path: Path) -> Files:
    return saved(tmp_path / "pairs.jsonl", [pair(i) for i in range(300)])


def test_the_plugin_offers_the_source():
    assert list(harness_sources()) == [Files]


def test_an_instance_is_hashable_and_plain_data():
    source = Files(path="a.jsonl", columns={"chosen": "better"}, subsets=("a",))
    assert hash(source) == hash(Files(path="a.jsonl", columns={"chosen": "better"}, subsets=("a",)))
    assert cast(Any, plain(source))["columns"] == {"chosen": "better"}
    assert source.path_free_options() == {"columns": {"chosen": "better"}, "subsets": ["a"]}


def test_every_row_is_in_one_split_and_the_ledgers_add_up(tmp_path: Path):
    rows: list[Any] = [pair(i) for i in range(100)]
    rows[7:7] = [pair(1, chosen="no 1"), [], pair(2, prompt=None)]
    found = parts(saved(tmp_path / "a.jsonl", rows))
    ledger = found["train"].ledger
    assert ledger.read == 103
    assert ledger.dropped == {"chosen equals rejected": 1, "not a JSON object": 1, "prompt is missing or blank": 1}
    assert ledger.read == sum(ledger.dropped.values()) + sum(e.ledger.kept for e in found.values())
    assert ledger.named == (
        "a.jsonl:8: chosen equals rejected",
        "a.jsonl:9: not a JSON object",
        "a.jsonl:10: prompt is missing or blank",
    )
    assert all(len(e) == e.ledger.kept for e in found.values())
    assert len({i for e in found.values() for i in ids(e)}) == 100


def test_no_more_than_ten_dropped_rows_are_named(tmp_path: Path):
    ledger = saved(tmp_path / "a.jsonl", [*[3] * 50, *[pair(i) for i in range(50)]]).examples("train", 0).ledger
    assert ledger.dropped == {"not a JSON object": 50}
    assert len(ledger.named) == 10


def test_notable_rows_are_kept_and_counted_in_their_split(tmp_path: Path):
    rows = [
        pair(1, rejected=" "),
        pair(2, votes=[1, 1, 0]),
        pair(3, votes=[0, 2, 1]),
        pair(4, score_chosen=1, score_rejected=2),
        pair(5, score_chosen=2, score_rejected=2, votes=[1, 0, 0]),
    ]
    source = saved(tmp_path / "a.jsonl", rows)
    examples = Files(path=source.path, test=0, validation=0).examples("train", 0)
    assert examples.ledger.counted == {
        "empty responses": 1,
        "exact ties": 1,
        "chosen has under half of the votes": 1,
        "chosen scored below rejected": 1,
    }
    assert {e.pairs[0].share for e in examples} == {None, 0.5, 1 / 6, 1.0}
    assert not Files(path=source.path, test=0.5, validation=0).examples("train", 0).ledger.dropped


@pytest.mark.parametrize("trial", range(10))
def test_a_prompt_is_never_in_two_splits(tmp_path: Path, trial: int):
    generator = random.Random(trial)
    texts = ["".join(generator.choice("aAäÄßﬁ  \n1") for _ in range(generator.randint(1, 4))) + "?" for _ in range(60)]
    variants = [str.upper, str.lower, str.strip, lambda t: f"  {t}\n", lambda t: [{"role": "user", "content": t}]]
    rows = [pair(i, prompt=generator.choice(variants)(generator.choice(texts))) for i in range(200)]
    path = saved(tmp_path / "a.jsonl", rows).path
    found = parts(Files(path=path, test=0.3, validation=0.3, split_seed=trial), trial)
    said = [{" ".join(e.prompt[0].content.split()).lower() for e in examples} for examples in found.values()]
    assert sum(map(len, said)) == len(set.union(*said))


def test_the_held_out_splits_do_not_depend_on_the_seed(source: Files):
    for split in ("validation", "test"):
        assert source.examples(split, 0) == source.examples(split, 1)


def test_training_examples_are_the_same_in_another_order_for_another_seed(source: Files):
    one, two = (ids(source.examples("train", seed)) for seed in (0, 1))
    assert one != two
    assert sorted(one) == sorted(two)
    assert one == ids(source.examples("train", 0))


def test_a_limit_takes_the_first_and_leaves_the_ledger(source: Files):
    for split in SPLITS:
        whole, some = source.examples(split, 3), source.examples(split, 3, 5)
        assert some.examples == whole.examples[:5]
        assert some.ledger == whole.ledger


def test_ids_splits_and_orders_stay_when_rows_are_added_or_moved(tmp_path: Path, source: Files):
    rows = [pair(i) for i in range(300)] + [pair(i, chosen="another") for i in range(250, 350)]
    random.Random(0).shuffle(rows)
    larger = saved(tmp_path / "more.jsonl", rows)
    for split in SPLITS:
        before, after = ids(source.examples(split, 2)), ids(larger.examples(split, 2))
        assert [i for i in after if i in set(before)] == before


def test_rows_of_one_prompt_stay_separate_and_exact_copies_are_numbered(tmp_path: Path):
    rows = [pair(1), pair(1, chosen="other"), pair(1), pair(1)]
    path = saved(tmp_path / "a.jsonl", rows).path
    examples = Files(path=path, test=0, validation=0).examples("train", 0)
    assert len(set(ids(examples))) == 4
    base = next(i.removesuffix("-2") for i in ids(examples) if i.endswith("-2"))
    assert {base, f"{base}-2", f"{base}-3"} < set(ids(examples))


def test_mapped_ids_are_used_and_must_be_unique(tmp_path: Path):
    path = saved(tmp_path / "a.jsonl", [pair(i, key=i) for i in range(9)] + [pair(9)]).path
    found = Files(path=path, columns={"id": "key"}, test=0, validation=0).examples("train", 0)
    assert sorted(ids(found)) == [str(i) for i in range(9)]
    assert found.ledger.dropped == {"id is missing": 1}
    path = saved(tmp_path / "b.jsonl", [pair(i, key=i // 2) for i in range(9)]).path
    with pytest.raises(harness.DataError, match="two rows have the id '0'"):
        Files(path=path, columns={"id": "key"}).examples("train", 0)


def test_a_bootstrap_resamples_training_only(source: Files):
    resampling = Files(path=source.path, bootstrap=True)
    whole = source.examples("train", 0)
    one, two = resampling.examples("train", 0), resampling.examples("train", 1)
    assert len(one) == len(whole)
    assert set(ids(one)) < set(ids(whole))
    assert Counter(ids(one)) != Counter(ids(two))
    assert one == resampling.examples("train", 0)
    assert one.ledger == whole.ledger
    assert resampling.examples("test", 0) == source.examples("test", 0)


@pytest.mark.parametrize("bootstrap", [False, True])
def test_unpaired_examples_are_interleaved_by_class(tmp_path: Path, bootstrap: bool):
    rows = [{"prompt": f"Q{i}", "completion": f"a{i}", "label": i % 4 == 0} for i in range(400)]
    path = saved(tmp_path / "a.jsonl", rows).path
    examples = Files(path=path, bootstrap=bootstrap).examples("train", 5)
    share = sum(e.labels[0].desirable for e in examples) / len(examples)
    for n in (4, 17, 100):
        assert abs(sum(e.labels[0].desirable for e in examples.examples[:n]) - n * share) < 1


def test_subsets_are_kept_apart_and_can_be_chosen(tmp_path: Path):
    rows = [pair(i, dataset="ab"[i % 2]) for i in range(100)] + [3]
    path = saved(tmp_path / "a.jsonl", rows).path
    assert {e.subset for e in Files(path=path).examples("train", 0)} == {"a", "b"}
    chosen = parts(Files(path=path, subsets=("b",)))
    assert {e.subset for examples in chosen.values() for e in examples} == {"b"}
    ledger = chosen["test"].ledger
    assert ledger.dropped == {"not a JSON object": 1, "of a subset that is not asked for": 50}
    assert ledger.named == ("a.jsonl:101: not a JSON object",)
    assert ledger.read == sum(ledger.dropped.values()) + sum(len(e) for e in chosen.values())
    with pytest.raises(harness.DataError, match=r"no example is of the subset 'c'; .*known: a, b"):
        Files(path=path, subsets=("c",)).examples("train", 0)


def test_the_fingerprint_names_the_bytes_and_not_the_path(tmp_path: Path, source: Files):
    (tmp_path / "elsewhere").mkdir()
    twin = tmp_path / "elsewhere" / "renamed.jsonl"
    twin.write_bytes(Path(source.path).read_bytes())
    assert Files(path=str(twin)).fingerprint() == source.fingerprint()
    twin.write_bytes(twin.read_bytes() + b"\n")
    assert Files(path=str(twin)).fingerprint() != source.fingerprint()


def test_a_file_that_changed_is_read_again(tmp_path: Path):
    source = saved(tmp_path / "a.jsonl", [pair(i) for i in range(50)])
    before = source.examples("train", 0), source.fingerprint()
    state = Path(source.path).stat()
    saved(tmp_path / "a.jsonl", [pair(i + 50) for i in range(50)])
    os.utime(source.path, ns=(state.st_atime_ns, state.st_mtime_ns + 1_000_000))
    assert source.fingerprint() != before[1]
    assert not set(ids(source.examples("train", 0))) & set(ids(before[0]))


def test_the_files_of_a_folder_are_one_data_set(tmp_path: Path):
    saved(tmp_path / "b.jsonl", [pair(i) for i in range(50)])
    with gzip.open(tmp_path / "a.jsonl.gz", "wt") as file:
        file.write("broken\n" + "".join(json.dumps(pair(i)) + "\n" for i in range(50, 90)))
    found = parts(Files(path=str(tmp_path)))
    assert sum(len(e) for e in found.values()) == 90
    assert found["test"].ledger.named == ("a.jsonl.gz:1: not JSON (column 1: Expecting value)",)


def test_csv_cells_are_text_lists_and_missing_values(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes(
        b'prompt,chosen,rejected,votes,dataset\r\n"One\r\nline?","null",NA,"[2, 0, 2]",\r\nTwo?,"[1]",,,b\r\n'
        b"\xff,a,b,,\r\n"
    )
    examples = Files(path=str(tmp_path / "a.csv"), test=0, validation=0).examples("train", 0)
    one, two = sorted(examples, key=lambda e: e.prompt[0].content)
    assert [r.text for r in one.responses] == ["null", "NA"]
    assert (one.prompt[0].content, one.pairs[0].share, one.subset) == ("One\r\nline?", 0.75, None)
    assert [r.text for r in two.responses] == ["[1]", ""]
    assert (two.pairs[0].share, two.subset) == (None, "b")
    assert examples.ledger.dropped == {"prompt is not valid Unicode": 1}


def test_nothing_usable_is_an_error_that_says_why(tmp_path: Path):
    source = saved(tmp_path / "a.jsonl", [pair(1, prompt=" "), pair(2, chosen="no 2"), 3])
    with pytest.raises(harness.DataError, match=r"3 read, dropped as .*prompt is missing or blank") as caught:
        source.examples("train", 0)
    assert caught.value.where == source.path
    assert "the first is a.jsonl:1" in caught.value.problem
    with pytest.raises(harness.DataError, match="no row can be used"):
        saved(tmp_path / "b.jsonl", [3, "x"]).examples("train", 0)


def test_no_path_is_an_error_that_says_what_to_set():
    for act in (lambda: Files().examples("train", 0), lambda: Files().fingerprint()):
        with pytest.raises(harness.DataError) as caught:
            act()
        assert "data.path" in caught.value.fix


@pytest.mark.parametrize(("test", "validation"), [(-0.1, 0.1), (1.1, 0), (0.6, 0.6), (float("nan"), 0.1)])
def test_shares_that_are_none_are_an_error(source: Files, test: float, validation: float):
    with pytest.raises(harness.DataError, match="not two shares of one whole"):
        Files(path=source.path, test=test, validation=validation).examples("train", 0)


def test_an_empty_split_is_an_error(source: Files):
    with pytest.raises(harness.DataError, match="the validation split is empty: its share is 0 of 300"):
        Files(path=source.path, validation=0).examples("validation", 0)


def test_candidates_and_labels_state_what_they_carry(tmp_path: Path):
    candidates = [
        {"instruction": f"Q{i}", "completions": [{"response": f"{j}", "model": "m", "score": j} for j in range(4)]}
        for i in range(30)
    ]
    found = saved(tmp_path / "a.jsonl", candidates).examples("train", 0)
    assert carries(found) == {"candidates", "rewards", "sources"}
    labels = [{"prompt": f"Q{i}", "completion": "a", "label": bool(i % 2)} for i in range(30)]
    assert carries(saved(tmp_path / "b.jsonl", labels).examples("train", 0)) == {"labels"}


def test_held_out_examples_may_be_in_files_of_their_own(tmp_path: Path):
    main = saved(tmp_path / "train.jsonl", [pair(i) for i in range(100)])
    saved(tmp_path / "held.jsonl", [pair(i) for i in range(90, 120)])
    source = Files(path=main.path, test_path=str(tmp_path / "held.jsonl"))
    found = parts(source)
    assert {e.prompt for e in found["test"]} == {harness.user_prompt(f"Question {i}?") for i in range(90, 120)}
    assert len(found["train"]) + len(found["validation"]) == 100
    assert 0 < len(found["validation"]) < 50
    whole = Files(path=main.path, test_path=source.test_path, validation_path=source.test_path)
    assert len(whole.examples("train", 0)) == 100
    assert len(whole.examples("validation", 0)) == 30


def test_what_held_out_files_share_with_training_is_kept_and_the_ledgers_add_up(tmp_path: Path):
    main = saved(tmp_path / "train.jsonl", [pair(i) for i in range(100)])
    saved(tmp_path / "held.jsonl", [3, *(pair(i) for i in range(90, 120))])
    found = parts(Files(path=main.path, test_path=str(tmp_path / "held.jsonl")))
    ledger = found["train"].ledger
    assert (ledger.read, ledger.dropped) == (131, {"not a JSON object": 1})
    assert ledger.named == ("test_path: held.jsonl:1: not a JSON object",)
    assert ledger.read == sum(ledger.dropped.values()) + sum(e.ledger.kept for e in found.values())
    assert len({i for e in found.values() for i in ids(e)}) == 130


def test_held_out_files_of_their_own_change_the_fingerprint_by_their_bytes(tmp_path: Path):
    main = saved(tmp_path / "train.jsonl", [pair(i) for i in range(100)])
    other = saved(tmp_path / "held.jsonl", [pair(i) for i in range(9)])
    both = Files(path=main.path, test_path=other.path)
    assert len({main.fingerprint(), both.fingerprint(), Files(path=other.path, test_path=main.path).fingerprint()}) == 3
    assert both.path_free_options() == {}
    assert Files(path=main.path, validation_path=other.path).fingerprint() != both.fingerprint()


def test_held_out_files_do_not_change_with_the_training_files(tmp_path: Path):
    held = saved(tmp_path / "held.jsonl", [pair(i) for i in range(30)])
    one = saved(tmp_path / "a.jsonl", [pair(i) for i in range(50)])
    two = saved(tmp_path / "b.jsonl", [pair(i) for i in range(20, 90)])
    tests = [Files(path=source.path, test_path=held.path).examples("test", 0) for source in (one, two)]
    assert tests[0].examples == tests[1].examples


def test_held_out_files_of_which_nothing_is_left_are_an_error(tmp_path: Path):
    main = saved(tmp_path / "train.jsonl", [pair(i, dataset="a") for i in range(50)])
    held = saved(tmp_path / "held.jsonl", [pair(i, dataset="b") for i in range(9)])
    with pytest.raises(harness.DataError, match=r"the test split is empty: no row of data\.test_path can be used"):
        Files(path=main.path, test_path=held.path, subsets=("a",)).examples("test", 0)
