"""Evaluators judge on `Subject.split`: nobody who tunes on the validation split has looked at the test split."""

import copy
import dataclasses

import pytest
import torch
from harness_plugins.evaluators.alpaca_eval import AlpacaEval
from harness_plugins.evaluators.drift import Drift
from harness_plugins.evaluators.preference import Preference
from harness_plugins.evaluators.truth import Truth
from harness_plugins.methods.dpo import DPO
from harness_plugins.sources.world import World

from harness.engine import loading
from harness.run.known_logps import KnownLogps
from harness.run.subject import ColumnSubject, OracleSubject, PolicySubject
from harness.training import Tokens

LIMIT = 24


class Opened(Exception):
    """The test split was looked at."""


class Sealed(World):
    """The world, where nobody may see the test split."""

    def examples(self, split, seed, limit=None):
        return super().examples(shut(split), seed, limit)

    def oracle(self):
        known = super().oracle()
        return dataclasses.replace(known, prompts=lambda split: known.prompts(shut(split))[:LIMIT])

    def references(self, split):
        return super().references(shut(split))


def shut(split):
    if split == "test":
        raise Opened
    return split


@pytest.fixture(scope="module")
def models():
    model, tokenizer = World().base_model().create()
    moved = copy.deepcopy(model)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        for parameter in moved.parameters():
            parameter += 0.05 * torch.randn_like(parameter)
    tokens = Tokens(max=64)
    return tuple(loading.wrap(each, tokenizer, tokens) for each in (model, moved))


@pytest.fixture
def around(models, tmp_path):
    world = Sealed()
    return {
        "split": "validation",
        "held_out": world.examples("validation", 0, LIMIT),
        "source": world,
        "base": KnownLogps(models[0]),
        "models": None,
        "shared": tmp_path,
    }


@pytest.fixture
def trained(around, models):
    base, policy = models

    def columns(name, encoded):
        assert name == "reference"
        return [total for total, _ in base.logps_of(encoded)]

    return PolicySubject(**around, policy=policy, reference=base, method=DPO(), columns=columns)


EVALUATORS = [
    Preference(),
    Truth(),
    Drift(max_tokens=4, prompts=8),
    AlpacaEval(judge="source", max_tokens=4, prompts=8),
]


@pytest.mark.parametrize("evaluator", EVALUATORS, ids=lambda e: e.name)
def test_a_trained_row_is_judged_on_the_validation_split_alone(evaluator, trained):
    assert evaluator.follows_split()
    found = evaluator.evaluate(trained)
    assert found.figures
    known = {e.id for e in trained.held_out} | {t.id for t in trained.oracle.prompts("validation")}
    assert {item for figure in found.figures for item in figure.items} <= known


@pytest.mark.parametrize("evaluator", EVALUATORS[:2], ids=lambda e: e.name)
def test_rows_that_only_rate_are_judged_there_too(evaluator, around, models):
    assert evaluator.evaluate(OracleSubject(**around)).figures
    rating = ColumnSubject(**around, name="length", columns=lambda _, encoded: [lengths(e) for e in encoded])
    assert evaluator.evaluate(rating).figures


def test_on_the_test_split_the_seal_is_broken(trained):
    trained.split = "test"
    for evaluator in (Truth(), AlpacaEval(judge="source", max_tokens=4, prompts=8)):
        with pytest.raises(Opened):
            evaluator.evaluate(trained)


def lengths(encoded):
    return torch.tensor([len(r.text) for r in encoded.example.responses], dtype=torch.float32).numpy()
