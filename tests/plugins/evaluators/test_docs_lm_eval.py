"""The tasks of docs/evaluators.md run as written, on rows of the schemas that the page names."""

import dataclasses
import gzip
import json
import re
from pathlib import Path

import datasets
import pytest
import tiny
import yaml
from harness_plugins.evaluators.lm_eval import LmEval
from tasks import Speaker

PAGE = (Path(__file__).parents[3] / "docs" / "evaluators.md").read_text()
SECTION = PAGE.split("\n## lm_eval\n")[1].split("\n## ")[0]
FILES = dict(re.findall(r"^```(?:yaml|python)\n# (\S+\.(?:yaml|py))\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL))
SUITES = [
    yaml.safe_load(text) for text in re.findall(r"^```yaml\n(evaluators:.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
]
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", SECTION.split("### Options")[1], re.MULTILINE))
MULTIPLE_CHOICE = [
    {"query": "w1 w2", "choices": ["w3 [title] w4", "w5"], "ctx": "w1 [title] w6 [step] w2", "gold": 1}
] * 3
DATA = {
    "arc-easy.jsonl.gz": MULTIPLE_CHOICE,
    "piqa.jsonl.gz": MULTIPLE_CHOICE,
    "hellaswag_2000.jsonl.gz": MULTIPLE_CHOICE,
    "lambada_test.jsonl.gz": [{"text": "w1 w2 w3"}, {"text": "w4 w5"}],
    "gsm8k_test.jsonl.gz": [{"question": f"w{i} w2", "answer": f"w3\n#### {i}"} for i in range(8)],
    "truthfulqa_mc.json.gz": [
        {"question": "w1", "mc1_targets": {"w2": 1, "w3": 0}, "mc2_targets": {"w2": 1, "w4": 1, "w5": 0}}
    ],
}


@pytest.fixture
def places(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    tasks, data = tmp_path / "tasks", tmp_path / "data"
    tasks.mkdir()
    data.mkdir()
    for name, text in FILES.items():
        (tasks / name).write_text(text)
    for name, rows in DATA.items():
        lines = "\n".join(map(json.dumps, rows)) if ".jsonl" in name else json.dumps(rows)
        (data / name).write_bytes(gzip.compress(lines.encode(), mtime=0))
    return {"include": (str(tasks),), "data": str(data)}


def test_the_suite_of_local_tasks_runs(places):
    (suite,) = [s["evaluators"][0]["options"] for s in SUITES if "include" in s["evaluators"][0]["options"]]
    asked = {
        **suite,
        **places,
        "tasks": tuple(suite["tasks"]),
        "bootstrap_iters": 10,
        "gen_kwargs": {"max_gen_toks": 8},
    }
    found = LmEval(**asked).evaluate(Speaker(tiny.language_model()))
    shown = {f.metric.removeprefix("lm_eval/") for f in found.figures}
    assert shown == {
        *(f"{task}_local/{metric}" for task in ("arc_easy", "piqa", "hellaswag") for metric in ("acc", "acc_norm")),
        *("lambada_local/perplexity", "lambada_local/acc"),
        *("truthfulqa_mc1_local/acc", "truthfulqa_mc2_local/acc"),
        *("gsm8k_local/exact_match.strict-match", "gsm8k_local/exact_match.flexible-extract"),
    }
    assert all(g.prompt.count("Question:") == 6 for g in found.generations)


def test_brackets_of_hellaswag_are_taken_out(places):
    from harness_plugins.evaluators.lm_eval.tasks import load_tasks

    task = load_tasks(["hellaswag_local"], places["include"], places["data"]).tasks["hellaswag_local"]
    document = task.eval_docs[0]
    assert task.doc_to_text(document) == "w1. w6 w2"
    assert task.doc_to_choice(document) == ["w3. w4", "w5"]


def test_every_option_is_documented_with_its_default():
    assert list(ROWS) == [field.name for field in dataclasses.fields(LmEval)]
    for field in dataclasses.fields(LmEval):
        if isinstance(field.default, int | bool):
            assert ROWS[field.name].strip() == str(field.default).lower(), field.name
