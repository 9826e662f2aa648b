import json

import pytest
from benchmark import load

versus = load("suite_vs_scripts")


@pytest.fixture(scope="module")
def suite():
    return versus.read_suite()


def test_every_row_is_told_to_trl_with_its_own_settings(suite):
    scripts = {script.label: script for script in map(versus.as_script, suite.rows)}
    assert len(scripts) == 6
    told = {label: script.trl for label, script in scripts.items()}
    assert told["dpo"] == {"beta": 0.1}
    assert told["dpo, beta 0.5"] == {"beta": 0.5}
    assert told["rpo"]["loss_type"] == ["sigmoid", "sft"]
    assert told["ipo"] == {"beta": 1.0, "loss_type": ["ipo"]}
    assert told["robust_dpo"]["label_smoothing"] == 0.1
    assert scripts["kto"].trainer == "kto"
    assert {script.learning_rate for script in scripts.values()} == {1.5e-4}


def test_trl_takes_what_it_is_told(suite, tmp_path):
    trl = pytest.importorskip("trl", reason="TRL is not installed")
    for script in map(versus.as_script, suite.rows):
        config = trl.KTOConfig if script.trainer == "kto" else trl.DPOConfig
        config(output_dir=str(tmp_path), use_cpu=True, bf16=False, report_to="none", **script.trl)


def test_the_scripts_read_the_very_preferences_of_the_suite(suite, tmp_path):
    tasks = versus.export(tmp_path, suite, [1], prompts=5)
    written = json.loads((tmp_path / "train-1.json").read_text())
    examples = suite.source.examples("train", 1, 5)
    assert [row[0] for row in written] == [e.prompt[0].content for e in examples]
    assert written[0][1] == [
        examples[0].responses[i].text for i in (examples[0].pairs[0].chosen, examples[0].pairs[0].rejected)
    ]
    assert {"world_facts.yaml", "world_facts_of_two.yaml", "world_facts_of_two.jsonl"} <= {
        f.name for f in tasks.iterdir()
    }


def test_what_was_not_measured_is_multiplied_and_said():
    ours = {"seconds": 10.0, "steps": {}, "figures": {"dpo": {"preference/accuracy": 0.5}}}
    figures = {"eval_rewards/accuracies": 0.5}
    theirs = [{"row": "dpo", "seed": 0, "trl_seconds": 20.0, "lm_eval_seconds": 10.0, "figures": figures}]
    whole, part = versus.compare(ours, theirs, runs=1), versus.compare(ours, theirs, runs=4)
    assert (whole["ratio"], whole["extrapolated"]) == (3, False)
    assert (part["ratio"], part["extrapolated"]) == (12, True)
    assert part["figures"] == [{"row": "dpo", "figure": "preference/accuracy", "board": 0.5, "scripts": 0.5}]
    assert any("extrapolated from 1 of 4" in str(line) for line in versus.tables({**part, "runs": theirs}, "here"))
