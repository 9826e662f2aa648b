import json

import pytest
from benchmark import load

versus = load("train_vs_trl")


def side(seconds, memory, **changed):
    made = {
        "seconds": seconds,
        "cpu_seconds": seconds,
        "reference_seconds": None,
        "peak_rss_gb": memory,
        "loaded_gb": 0.1,
        "loss": 0.69,
        "steps": 2,
        "tokens": {"digest": "a"},
        "logps": [[-1.0, -2.0]],
        "logps_before": [[-1.5, -2.5]],
        "engine": {"dtype": "fp32", "matmul": "medium"},
    }
    return {**made, **changed}


def test_ratios_are_of_medians_over_the_rounds():
    rounds = [
        {"ours": side(s, 1.0), "trl": side(10 * s, 4.0), "trl_same_matmul": side(5 * s, 4.0)} for s in (1.0, 2.0, 9.0)
    ]
    found = versus.compare(rounds, pairs=8)
    assert found["ratio"] == pytest.approx(10)
    assert found["ratio_same_matmul"] == pytest.approx(5)
    assert found["memory_ratio"] == pytest.approx(0.25)
    assert found["sides"]["ours"]["pairs_per_second"] == pytest.approx(4)
    assert found["sides"]["ours"]["pairs_per_second_least_most"] == pytest.approx([8 / 9, 8])
    assert found["checks"]["equal_work"]


@pytest.mark.parametrize(
    "changed",
    [{"tokens": {"digest": "b"}}, {"steps": 3}, {"loss": 0.7}, {"logps": [[-1.0, -2.4]]}],
    ids=["other tokens", "other steps", "another loss", "another policy"],
)
def test_unequal_work_is_noticed(changed):
    assert not versus.checks({"ours": side(1, 1), "trl": side(1, 1, **changed)})["equal_work"]


def test_what_is_left_open_is_filled_in():
    assert versus.parse(["--prompt", "3", "--response", "2", "--pairs", "4"]).batch == 8
    tiny = versus.parse(["--tiny", "--pairs", "64"])
    assert (tiny.prompt, tiny.batch, tiny.pairs) == (13, 64, 64)
    for wrong in (["--prompt", "3"], ["--tiny", "--method", "kto", "--batch", "3"]):
        with pytest.raises(SystemExit):
            versus.parse(wrong)


def test_tiny_is_830_thousand_parameters():
    random_work = load("random_work")
    shape = versus.shape_of(versus.parse(["--tiny"]), **versus.TINY_SHAPE)
    assert random_work.parameters(shape) == pytest.approx(830_000, rel=0.02)


@pytest.mark.parametrize("count", [4, 6, 7])
def test_kto_rows_are_seen_as_the_examples_they_came_from(count):
    """Also in a last step that is not full; and no response is put to the prompt that it answers."""
    pytest.importorskip("trl", reason="TRL is not installed")
    trl_side = load("trl_side")
    rows = [(f"p{i}", [f"c{i}", f"r{i}"]) for i in range(count)]
    made = trl_side.labelled_rows(rows, batch=8)
    ids = [{"prompt_ids": r["prompt"].strip(), "completion_ids": r["completion"]} for r in made]
    assert trl_side._seen(ids, {"method": "kto", "batch": 8}) == [[p, c, r] for p, (c, r) in rows]
    for start in range(0, len(made), 8):
        step = made[start : start + 8]
        if len(step) > 2:
            before = [step[-1], *step[:-1]]
            assert all(a["prompt"].strip()[1:] != b["completion"][1:] for a, b in zip(step, before, strict=True))


@pytest.mark.slow
def test_both_sides_do_the_same_work(tmp_path):
    """The command, end to end, on a model of a few thousand weights."""
    pytest.importorskip("trl", reason="TRL is not installed")
    sizes = {"layers": 1, "hidden": 16, "heads": 2, "vocab": 50, "prompt": 6, "response": 4, "pairs": 8, "batch": 4}
    flags = [word for name, value in sizes.items() for word in (f"--{name}", str(value))]
    written = tmp_path / "found.json"
    assert versus.main([*flags, "--no-same-matmul", "--json", str(written)]) == 0
    found = json.loads(written.read_text())
    assert found["ratio"] > 0
    assert found["memory_ratio"] > 0
    assert found["checks"]["equal_work"]
    assert found["sides"]["ours"]["tokens"] == found["sides"]["trl"]["tokens"]
