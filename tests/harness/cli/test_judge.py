import gzip
import json

import pytest
import tiny
from judging import CausalJudge, serving

from harness.engine import loading
from harness.engine.rater_files import create_rater, save_rater
from harness.training import Tokens


@pytest.fixture
def call(monkeypatch, command, tmp_path):
    """Runs `harness judge`: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: command("judge", *arguments)


@pytest.fixture
def preferences(tmp_path):
    path = tmp_path / "pairs.jsonl"
    rows = [{"prompt": f"w{i}", "chosen": f"w1 w2 w{i}", "rejected": "w3"} for i in range(9)]
    rows += [{"prompt": "w9", "chosen": "w1", "rejected": "w2 w3"}, {"prompt": "w5 w5", "chosen": "", "rejected": "w1"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture
def annotations(tmp_path):
    def write(name="annotations.json.gz", **columns):
        rows = [{"preference": 1 + i / 10, **columns} for i in range(11)]
        path = tmp_path / name
        path.write_bytes(gzip.compress(json.dumps(rows).encode(), mtime=0))
        return path

    return write


def test_a_replay_prints_win_rate_standard_error_and_n(call, annotations):
    code, out, err = call("--replay", annotations(), "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["win_rate"] == pytest.approx(0.5)
    assert found["standard_error"] == pytest.approx(0.1)
    assert (found["n"], found["n_draws"], found["n_missing"], found["unit"]) == (11, 1, 0, "fraction")


def test_several_replays_are_a_list_and_a_table(call, annotations):
    files = [annotations(f"{name}.json", generator_2=name) for name in ("one", "two")]
    code, out, _ = call("--replay", files[0], "--replay", files[1], "--json")
    assert code == 0
    assert [found["model"] for found in json.loads(out)] == ["one", "two"]
    code, out, _ = call("--replay", files[0], "--replay", files[1])
    assert code == 0
    assert "win rate" in out
    assert "50.00" in out


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"[]", b'[{"preference": 7}]', gzip.compress(b"[1, 2]", mtime=0)[:12]]
)
def test_what_is_no_annotation_file_is_one_paragraph(call, tmp_path, content):
    (tmp_path / "bad.json").write_bytes(content)
    code, out, err = call("--replay", "bad.json", "--json")
    assert (code, out) == (2, "")
    assert "bad.json" in err
    assert "Traceback" not in err


def test_outputs_come_one_for_each_replay(call, annotations):
    code, _, err = call("--replay", annotations(), "--outputs", "a.json", "--outputs", "b.json")
    assert code == 2
    assert "1 annotation files but 2 files of outputs" in err


def test_a_judge_is_measured_against_people(call, preferences):
    code, out, err = call(preferences, "--judge", "length", "--json")
    found = json.loads(out)
    assert code == 0, err
    assert found["pairs"] == 11
    assert found["agreement"]["value"] == pytest.approx(9 / 11)
    assert found["agreement"]["low"] < 9 / 11 < found["agreement"]["high"]
    assert found["order_decides"]["value"] == 0
    assert found["agreement_winner_shorter"]["value"] == 0
    assert not found["repeats"]
    assert "11 pairs in both orders" in err


def test_several_judges_are_columns_of_a_table(call, preferences, tmp_path):
    loading.save(tiny.language_model(), tmp_path / "model")
    save_rater(create_rater(tmp_path / "model", Tokens(), dtype="fp32", seed=0), tmp_path / "reward")
    judges = [part for name in ("length", "causal=model", "reward=reward") for part in ("--judge", name)]
    code, out, err = call(preferences, *judges, "--limit", "4")
    assert code == 0, err
    assert "reward=reward" in out
    assert "agreement with people" in out
    assert "causal=model" in out
    assert "100, by construction" in out


def test_an_endpoint_is_asked_in_both_orders_and_again(call, preferences):
    with serving(CausalJudge()) as server:
        arguments = ("--judge", f"endpoint={server.url}", "--set", "endpoint.endpoint_model=tiny")
        arguments = (*arguments, "--limit", "4", "--again", "3", "--json")
        code, out, err = call(preferences, *arguments)
        assert code == 0, err
        found = json.loads(out)
        assert server.asked == 2 * 4 + 3
        call(preferences, *arguments)
        assert server.asked == 2 * 4 + 3  # nothing is paid for twice
    assert found["repeats"]
    assert (found["self_consistency"]["value"], found["self_consistency"]["n"]) == (1, 3)


def test_the_sources_own_judge_is_measured_on_its_held_out_pairs(call):
    code, out, err = call("--set", "data.source=world", "--judge", "source", "--limit", "20", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["ceiling"]["value"] < 1
    assert found["agreement"]["n"] == 20


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "give either judges or annotation files"),
        (("--judge", "length"), "no data to judge on"),
        (("pairs.jsonl", "--judge", "lenght"), "no judge is called 'lenght'; did you mean 'length'?"),
        (("pairs.jsonl", "--judge", "length=8"), "there is only one judge 'length'"),
        (("pairs.jsonl", "--judge", "causal"), "--judge causal: it is not said which one: the judge_model"),
        (("pairs.jsonl", "--judge", "length", "--set", "causal.template=x"), "'causal' is neither"),
        (("pairs.jsonl", "--judge", "length", "--set", "data.pth=x"), "pth"),
        (("nothing.jsonl", "--judge", "length"), "nothing.jsonl"),
        (("labels.jsonl", "--judge", "length"), "labels.jsonl: needs pairs; the data carry labels"),
        (("pairs.jsonl", "--judge", "replay=nothing.json"), "nothing.json"),
        (("pairs.jsonl", "--replay", "a.json"), "--replay takes no DATA"),
        (("--replay", "a.json", "--limit", "3"), "no --limit"),
        (("pairs.jsonl", "--judge", "length", "--length-control"), "go with --replay"),
    ],
)
def test_what_is_wrong_is_said_in_one_paragraph(call, preferences, tmp_path, arguments, problem):
    rows = [{"prompt": f"w{i}", "completion": "w1", "label": i % 2 == 0} for i in range(6)]
    (tmp_path / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    assert problem in err
    assert "Traceback" not in err
