"""The figures of lm-eval's own command, to the last digit."""

import json
import os
import subprocess
import sys

import datasets
import pytest
import tiny
from harness_plugins.evaluators.lm_eval import LmEval
from tasks import CHOICE, Speaker, write_tasks

NAMES = ("pair", "text", "speech", "odd")
ODD = """
include: choice.yaml
task: odd
dataset_kwargs: {data_files: {test: odd.jsonl, train: odd.jsonl}}
num_fewshot: 0
metric_list: [{metric: acc}]
"""
"""One of its answers has no token, but lm-eval scores it."""


@pytest.mark.slow
def test_figures_standard_errors_and_hashes_are_those_of_lm_evals_command(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    model, folder = tiny.language_model(), tmp_path / "model"
    model.causal.save_pretrained(folder)
    model.tokenizer.save_pretrained(folder)
    quick = CHOICE.replace(", {metric: f1}", "")  # sklearn's F1, bootstrapped, takes lm-eval minutes
    tasks = write_tasks(tmp_path / "tasks", choice=quick, odd=ODD)
    odd = [{"question": "w1", "choices": [" ", "w5"], "gold": gold} for gold in (0, 0, 1)]
    (tmp_path / "tasks" / "odd.jsonl").write_text("\n".join(map(json.dumps, odd)))
    ours = LmEval(tasks=NAMES, include=(tasks,), batch_size=4, num_fewshot=2).evaluate(Speaker(model))

    command = [sys.executable, "-m", "lm_eval", "run", "--model", "hf", "--tasks", *NAMES, "--device", "cpu"]
    command += ["--model_args", f"pretrained={folder},dtype=float32", "--include_path", tasks, "--log_samples"]
    command += ["--batch_size", "4", "--num_fewshot", "2", "--output_path", str(tmp_path / "found")]
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_CACHE": str(tmp_path / "cache of the command")}
    done = subprocess.run(command, cwd=tasks, env={**os.environ, **offline}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (written,) = (tmp_path / "found").rglob("results_*.json")
    theirs = json.loads(written.read_text())

    assert {f.metric for f in ours.figures} >= {"lm_eval/pair/acc", "lm_eval/last_word/perplexity"}
    for figure in ours.figures:
        _, task, title = figure.metric.split("/")
        metric, _, filtered = title.partition(".")
        found, key = theirs["results"][task], filtered or "none"
        assert figure.value == found[f"{metric},{key}"], figure.metric
        assert (figure.standard_error or "N/A") == (found[f"{metric}_stderr,{key}"] or "N/A"), figure.metric
    assert {name: task["hash"] for name, task in ours.notes["tasks"].items()} == theirs["task_hashes"]
