"""Tiny lm-eval tasks over the words of `tiny.tokenizer`, and a subject to run them on."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

CHOICE = """
task: choice
dataset_path: json
dataset_kwargs: {data_files: {test: choice.jsonl, train: choice.jsonl}}
test_split: test
training_split: train
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: "{{choices}}"
doc_to_target: gold
metric_list: [{metric: acc}, {metric: acc_norm}, {metric: f1}]
metadata: {version: 1.5}
"""
LAST_WORD = """
task: last_word
dataset_path: json
dataset_kwargs: {data_files: {test: choice.jsonl}}
test_split: test
output_type: loglikelihood
doc_to_text: question
doc_to_target: " {{choices[0]}}"
metric_list: [{metric: perplexity}, {metric: acc}]
metadata: {version: 2.0}
"""
TEXT = """
task: text
dataset_path: json
dataset_kwargs: {data_files: {test: choice.jsonl}}
test_split: test
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: question
metric_list: [{metric: word_perplexity}, {metric: bits_per_byte}]
metadata: {version: 1.0}
"""
SPEECH = """
task: speech
dataset_path: json
dataset_kwargs: {data_files: {test: choice.jsonl}}
test_split: test
fewshot_split: test
num_fewshot: 1
output_type: generate_until
doc_to_text: question
doc_to_target: "{{choices[0]}}"
generation_kwargs: {until: [w7], do_sample: false, max_gen_toks: 12}
metric_list: [{metric: exact_match}]
filter_list:
  - {name: first-word, filter: [{function: regex, regex_pattern: "(w[0-9]+)"}, {function: take_first}]}
  - {name: last-word, filter: [{function: regex, regex_pattern: "(w[0-9]+)", group_select: -1}, {function: take_first}]}
metadata: {version: 3.0}
"""
GROUP = """
group: pair
task: [choice, last_word]
aggregate_metric_list: [{metric: acc, weight_by_size: true}]
metadata: {version: 4.0}
"""
TASKS = {"choice": CHOICE, "last_word": LAST_WORD, "text": TEXT, "speech": SPEECH, "pair": GROUP}


def write_tasks(folder, documents=9, **more):
    """The tasks as YAML files, with their data beside them; `more` adds files or puts others in their place."""
    draw = random.Random(5)

    def words(count):
        return " ".join(f"w{draw.randrange(60)}" for _ in range(count))

    rows = [
        {"question": words(3 + i % 5), "choices": [words(1), words(2)], "gold": draw.randrange(2)}
        for i in range(documents)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "choice.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name, text in {**TASKS, **more}.items():
        (folder / f"{name}.yaml").write_text(text)
    return str(folder)


@dataclass
class Speaker:
    """A policy that is nothing but a language model; its source offers `own` tasks."""

    model: Any
    own: tuple[str, ...] = ()
    told: list[tuple[int, int]] = field(default_factory=list)
    written: list[Any] = field(default_factory=list)

    def language_model(self):
        return self.model.causal, self.model.tokenizer

    def tasks(self, folder):
        self.written.append(folder)
        if self.own:
            write_tasks(folder)
        return self.own

    def tell(self, done, total):
        self.told.append((done, total))
