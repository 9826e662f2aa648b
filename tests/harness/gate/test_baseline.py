import json

import boards
import gates
import numpy as np
import pytest

from harness.board.make import draft
from harness.errors import HarnessError, StoreError
from harness.gate.baseline import baseline_of, read_baseline, write_baseline
from harness.gate.surroundings import weights_of
from harness.gate.values import values_of
from harness.records import SharedStep
from harness.statistics import Scores


@pytest.fixture(scope="module")
def baseline():
    return baseline_of(*boards.core())


def test_a_baseline_comes_back_from_its_file_with_every_value(tmp_path, baseline):
    path = tmp_path / "baselines" / "core.json"
    write_baseline(baseline, path)
    assert read_baseline(path) == baseline
    found = draft(*boards.core())
    values = values_of(read_baseline(path))
    compared = 0
    for metric, rows in found.tables.items():
        for label, scores in rows.items():
            kept = values[label][metric]
            assert isinstance(scores, Scores)
            assert isinstance(kept, Scores)
            assert (kept.seeds, kept.items, kept.clusters, kept.pseudo) == (
                scores.seeds, scores.items, scores.clusters, scores.pseudo,
            )  # fmt: skip
            assert kept.values.tobytes() == scores.values.tobytes()
            compared += 1
    assert compared == sum(len(row.figures) for row in baseline.rows) > 100


def test_equal_runs_give_equal_bytes(tmp_path):
    for name in ("a.json", "b.json"):
        write_baseline(baseline_of(*boards.core()), tmp_path / name)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_rows_say_what_they_are_and_what_they_cost(baseline):
    rows = {row.label: row for row in baseline.rows}
    assert rows["dpo"].contender
    assert not rows["base"].contender
    assert rows["dpo"].seeds == [0, 1, 2]
    assert rows["base"].seeds == []
    assert rows["dpo"].train.cpu_seconds == 31.0
    assert rows["base"].train is None
    assert rows["dpo"].options == {"beta": 0.1}


def test_items_are_kept_once_for_all_figures(baseline):
    assert len(baseline.item_sets) == len({tuple(s.packed for s in baseline.item_sets.values())}) * len(
        baseline.item_sets
    )
    figures = [figure for row in baseline.rows for figure in row.figures]
    assert len(baseline.item_sets) < len(figures) / 10
    assert {figure.items for figure in figures} <= set(baseline.item_sets)


def test_the_digest_tells_figures_apart_and_nothing_else(baseline):
    manifest, records = boards.core()
    assert baseline_of(manifest.model_copy(update={"description": "other"}), records).board_digest == (
        baseline.board_digest
    )
    changed = {**records}
    name = next(n for n in records if n.startswith("preference dpo"))
    figure, *others = records[name].results.figures
    results = records[name].results.model_copy(
        update={"figures": [figure.model_copy(update={"value": figure.value + 1e-9}), *others]}
    )
    changed[name] = records[name].model_copy(update={"results": results})
    assert baseline_of(manifest, changed).board_digest != baseline.board_digest


def test_subsets_of_items_are_left_out():
    values = np.linspace(0, 1, 20)
    whole = boards.figure("truth/score", values)
    part = whole.model_copy(update={"subset": "long"})
    record = boards.evaluation("e None", [whole, part])
    manifest = boards.manifest(
        [boards.row("base", [boards.Cell(what="truth", seed=None, digest="e None", state="done")])], ["truth"]
    )
    found = baseline_of(manifest, {"e None": record})
    assert [figure.metric for figure in found.rows[0].figures] == ["truth/score"]


def test_a_score_over_metrics_is_made_again_from_them():
    manifest, records = boards.core()
    weights = {"preference/accuracy": 3.0, "truth/legitimate": 1.0}
    statistics = {"baseline": None, "seed_spread": "own", "score": weights}
    manifest = manifest.model_copy(
        update={"statistics": boards.manifest([], []).statistics.model_copy(update={"score": weights}),
                "as_run": {"statistics": statistics}}
    )  # fmt: skip
    found = draft(manifest, records).tables["score"]["dpo"]
    kept = values_of(baseline_of(manifest, records))["dpo"]["score"]
    assert kept.by_seed.tolist() == found.by_seed.tolist()


def test_weights_of_base_models_are_those_their_records_state():
    record = boards.training("m").model_copy(update={"kind": "model", "notes": {"weights": "abc"}})
    shared = [SharedStep(what="base model", digest="m", rows=[]), SharedStep(what="fit", digest="f", rows=[])]
    manifest = boards.manifest([], [], shared=shared)
    assert weights_of(manifest, {"m": record, "f": boards.training("f")}) == {"base model": "abc"}
    assert weights_of(manifest, {"m": record.model_copy(update={"notes": {}})}) == {"base model": ""}


def test_a_trial_is_no_baseline():
    with pytest.raises(HarnessError, match="a trial run is no baseline"):
        baseline_of(*gates.core(trial=True))


def test_a_run_without_figures_is_no_baseline():
    manifest, _ = boards.core()
    with pytest.raises(HarnessError, match="holds no figure"):
        baseline_of(manifest, {})


def broken(text, change):
    data = json.loads(text)
    change(data)
    return json.dumps(data)


def first_values(data, text):
    data["rows"][0]["figures"][0]["values"] = text


BREAKS = {
    "truncated": lambda text: text[: len(text) // 2],
    "no JSON": lambda text: "not " + text,
    "empty": lambda text: "",
    "a list": lambda text: "[]",
    "a deep list": lambda text: "[" * 100_000,
    "another version": lambda text: broken(text, lambda d: d.update(schema_version=99)),
    "version true": lambda text: broken(text, lambda d: d.update(schema_version=True)),
    "a field more": lambda text: broken(text, lambda d: d.update(more=1)),
    "a field less": lambda text: broken(text, lambda d: d.pop("rows")),
    "a number too large": lambda text: text.replace('"stderr": 0.0', '"stderr": 1e9990.0', 1),
    "not a number": lambda text: broken(text, lambda d: d["rows"][0]["figures"][0].update(mean=float("nan"))),
    "no base64": lambda text: broken(text, lambda d: first_values(d, "%%%")),
    "no zlib": lambda text: broken(text, lambda d: first_values(d, "AAAA")),
    "another figure's values": lambda text: broken(
        text, lambda d: first_values(d, d["rows"][2]["figures"][0]["values"])
    ),
    "a wrong type of values": lambda text: broken(text, lambda d: d["rows"][0]["figures"][0].update(dtype="f2")),
    "fewer seeds": lambda text: broken(text, lambda d: d["rows"][2]["figures"][0]["per_seed"].pop("0")),
    "items that are not there": lambda text: broken(text, lambda d: d["item_sets"].clear()),
    "no items": lambda text: broken(text, lambda d: d["rows"][0]["figures"][0].update(items=None)),
    "a row twice": lambda text: broken(text, lambda d: d["rows"].append(d["rows"][0])),
    "a metric twice": lambda text: broken(text, lambda d: d["rows"][0]["figures"].append(d["rows"][0]["figures"][0])),
    "a weight that is no number": lambda text: broken(
        text, lambda d: d["as_run"].update(statistics={"score": {"truth/reward": "much"}})
    ),
    "ids cut short": lambda text: broken(text, lambda d: d["item_sets"]["items 0"].update(n=3)),
}


@pytest.mark.parametrize("how", BREAKS)
def test_a_damaged_baseline_says_so_and_what_to_do(tmp_path, baseline, how):
    path = tmp_path / "core.json"
    path.write_text(BREAKS[how](baseline.model_dump_json(indent=1)))
    with pytest.raises(StoreError) as caught:
        read_baseline(path)
    assert caught.value.where == str(path)
    assert "harness accept" in caught.value.fix


def test_bytes_that_are_no_text_are_damaged_too(tmp_path):
    (tmp_path / "core.json").write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(StoreError, match="cannot be read"):
        read_baseline(tmp_path / "core.json")


def test_no_baseline_and_a_folder_in_its_place(tmp_path):
    with pytest.raises(StoreError, match="there is no baseline here"):
        read_baseline(tmp_path / "none.json")
    with pytest.raises(StoreError, match="cannot be read"):
        read_baseline(tmp_path)
