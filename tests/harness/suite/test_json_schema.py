from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from json_fits import fits

from harness.host import Registry
from harness.suite import Suite, json_schema
from harness.suite.problems import Problems
from harness.suite.schema import SuiteFile
from harness.suite.yaml_lines import read_yaml


def verdict(path: Path, registry: Registry) -> bool:
    schema = json_schema(registry)
    return fits(read_yaml(path, Problems()).plain, schema, schema)


VALID = """\
extends: [core, core]
description: d
model: gpt2
tokens: {max: null}
data: {source: dice, noise: 1}
training: {learning_rate: 1e-4, lora: {r: 1, targets: [q]}}
methods:
  - pull
  - policy: base
  - {method: push, label: x, options: {beta: [1, 2]}, training: {lora: null}, seeds: [1]}
  - {method: pull, options: {layers: [a], form: [log, square], offset: null}}
  - {method: shuffled, options: {base: pull}}
  - method: shuffled
    label: y
    options: {base: {method: shuffled, options: {base: {method: pull, options: {beta: 1}}}}}
  - {method: shuffled, options: {base: [push, {method: pull}]}}
  - {method: only_pull, options: {base: null}}
  - {method: push, label: further, init: pull}
  - {method: graded, options: {reward: taught}}
  - method: graded
    label: graded on lengths
    options: {reward: [{column: length, options: {power: [1, 3]}}, {column: taught, options: {lexicon: words.txt}}]}
  - {method: only_taught, options: {reward: null}}
  - {method: pull, label: left alone, tune: false}
  - method: pull
    label: searched
    tune: {beta: {low: 0.01, high: 1, log: true}, form: {choices: [log, square]}, steps: false}
  - {column: length, label: short, options: {power: [0, 1], words: [a]}}
  - {column: taught, options: {rate: 2}, seeds: [4]}
  - {again: taught, label: once more, seeds: [8, 9]}
evaluators: [accuracy, {evaluator: accuracy, label: z, options: {draws: 1}}]
seeds: [0, 3]
budget: {prompts: [1, 2], batch: 3}
statistics: {baseline: taught, seed_spread: pooled, score: {accuracy/a: 0.5}}
tune: {trials: 3, metric: z/share, seed: 1}
keep: none
"""


def test_a_suite_that_reads_is_valid(
    read: Callable[..., Suite], write: Callable[..., Path], registry: Registry
) -> None:
    read(VALID)
    assert verdict(write(VALID), registry)
    assert verdict(write("extends: core\n"), registry)
    assert verdict(write("extends: core\ndata: {noise: 0.3}\n"), registry)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("keep: none", "keep: best"),
        ("keep: none", "keap: none"),
        ("again: taught", "again: taught, options: {}"),
        ("seeds: [8, 9]", "seeds: [8, 8]"),
        ("seed_spread: pooled", "seed_spread: both"),
        ("accuracy/a: 0.5", "accuracy/a: 0"),
        ("seeds: [0, 3]", "seeds: []"),
        ("seeds: [0, 3]", "seeds: [0, 0]"),
        ("seeds: [0, 3]", "seeds: [-1]"),
        ("noise: 1", "noise: '1'"),
        ("noise: 1", "nose: 1"),
        ("source: dice", "source: dise"),
        ("source: dice", "source: table"),
        ("- pull\n", "- pul\n"),
        ("policy: base", "{policy: base, options: {}}"),
        ("beta: [1, 2]", "beta: [1, x]"),
        ("beta: [1, 2]", "beta: []"),
        ("beta: [1, 2]", "beat: 1"),
        ("layers: [a]", "layers: a"),
        ("layers: [a]", "layers: [[a], [b]]"),
        ("[log, square]", "[log, cube]"),
        ("base: pull", "base: pul"),
        ("{beta: 1}", "{beat: 1}"),
        ("lora: {r: 1", "lora: {r: 0"),
        ("label: x", "lable: x"),
        ("init: pull", "inti: pull"),
        ("init: pull", "init: 3"),
        ("reward: taught", "reward: taugth"),
        ("column: length, options: {power: [1, 3]}", "column: lenght"),
        ("power: [1, 3]", "power: [1, x]"),
        ("{column: taught, options: {lexicon: words.txt}}", "{method: taught}"),
        ("lexicon: words.txt", "lexicon: 3"),
        ("{column: length, label: short", "{column: length, init: x, label: short"),
        ("power: [0, 1]", "pwoer: 0"),
        ("words: [a]", "words: a"),
        ("seeds: [4]", "seeds: []"),
        ("prompts: [1, 2]", "prompts: []"),
        ("tune: false", "tune: true"),
        ("low: 0.01, high: 1", "low: 0.01"),
        ("low: 0.01, high: 1", "low: 0.01, hihg: 1"),
        ("low: 0.01, high: 1", "low: a, high: 1"),
        ("{choices: [log, square]}", "[log, square]"),
        ("steps: false", "steps: true"),
        ("trials: 3", "trials: 0"),
        ("trials: 3", "trails: 3"),
        ("seed: 1}", "split: test}"),
        ("prompts: [1, 2]", "prompts: [1, 1]"),
        ("prompts: [1, 2]", "prompts: [1, 0]"),
        ("prompts: [1, 2]", "prompts: '1'"),
        ("draws: 1", "draws: true"),
        ("draws: 1", "draws: [1, 2]"),
        ("model: gpt2", "model: {revision: main}"),
        ("max: null", "max: 1"),
        ("extends: [core, core]", "extends: {a: b}"),
    ],
)
def test_a_suite_that_does_not_read_is_not_valid(
    refusal: Callable[..., str], write: Callable[..., Path], registry: Registry, old: str, new: str
) -> None:
    assert old in VALID
    text = VALID.replace(old, new, 1)
    assert "suite.yaml:" in refusal(text)
    assert not verdict(write(text), registry)


def test_it_is_plain_json_with_every_reference_resolved(registry: Registry) -> None:
    schema = json_schema(registry)
    text = json.dumps(schema, allow_nan=False)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    used = {part.split('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert used == schema["$defs"].keys()


def test_every_key_of_a_suite_is_described(registry: Registry) -> None:
    properties = json_schema(registry)["properties"]
    assert properties.keys() == SuiteFile.model_fields.keys()
    assert all(one.get("description") for one in properties.values())


def test_options_carry_their_description_and_default(registry: Registry) -> None:
    definitions = json_schema(registry)["$defs"]
    beta = definitions["method-pull-options"]["properties"]["beta"]
    assert beta["description"] == "Strength, 1/nats, > 0."
    assert beta["default"] == 0.1
    assert definitions["method-shuffled-options"]["properties"]["base"]["default"] == {"method": "pull", "options": {}}
    reward = definitions["method-graded-options"]["properties"]["reward"]
    assert (reward["default"], reward["description"]) == ({"column": "length", "options": {}}, "What is maximised.")
    assert definitions["column-length-options"]["properties"]["power"]["description"] == "Exponent, >= 0."
    assert definitions["method-only_pull-options"]["properties"]["base"]["default"] is None
    draws = definitions["evaluator-accuracy-options"]["properties"]["draws"]
    assert (draws["description"], draws["default"], draws["type"]) == ("Samples per prompt.", 4, "integer")


def test_an_entry_is_described_by_the_first_paragraph_of_the_plugin(registry: Registry) -> None:
    entries = json_schema(registry)["properties"]["methods"]["items"]["anyOf"]
    (pull,) = [one for one in entries if one.get("title") == "method pull"]
    assert pull["description"] == "Pulls pairs apart."


def test_a_registry_without_plugins_has_a_schema_too(registry: Registry) -> None:
    empty = type(registry.methods)("method", {}, {})
    bare = json_schema(type(registry)(empty, registry.evaluators, registry.sources, registry.columns))
    assert not fits({"methods": ["pull"]}, bare, bare)
    assert fits({"methods": [{"policy": "base"}]}, bare, bare)
