"""What a method neither learns from nor measures is not computed, and nothing else changes."""

import json
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import tiny
import torch
from harness_plugins.methods.dpo import DPO
from harness_plugins.methods.sft import SFT
from objectives import OnPolicy, PairLogistic, data

from harness.batch import Logps
from harness.engine.collate import collate, facts
from harness.engine.fresh import FreshResponses
from harness.engine.reading import ToMeasure, in_parts, learnt, measured
from harness.engine.trainer import TrainJob, train
from harness.errors import HarnessError
from harness.examples import Example, ExampleSet, Label, Pair, Response, user_prompt
from harness.training import Budget, Training


@dataclass(frozen=True)
class Everything(SFT):
    """SFT that has all responses computed, whether it reads them or not."""

    name: ClassVar[str] = "everything"

    def learns_from(self, example):
        return range(len(example.responses))


@dataclass(frozen=True)
class Centred(PairLogistic):
    """Measures the responses that no pair names."""

    name: ClassVar[str] = "centred"

    def measures(self, example):
        return set(range(len(example.responses))) - {i for p in example.pairs for i in (p.chosen, p.rejected)}

    def terms(self, batch):
        return super().terms(batch) * (1 + batch.measured.log_ratio.abs().mean())


def unpaired():
    """Every second response is undesirable; the last four are."""
    return [
        Example(f"e{i}", user_prompt(f"w{i} w{i + 1}"), (Response(f"w{i + 2} w{i + 3}"),), (), (Label(0, i % 2 == 0),))
        if i < 8
        else Example(f"e{i}", user_prompt(f"w{i}"), (Response("w1 w2 w3"),), (), (Label(0, False),))
        for i in range(12)
    ]


def labelled_pairs():
    return [
        Example(e.id, e.prompt, e.responses[:2], (Pair(0, 1),), (Label(0, True), Label(1, False))) for e in data(12)
    ]


def trained(folder, method, examples, *, budget=8192, warmup=0.0):
    policy = tiny.language_model()
    policy.token_budget = budget
    columns = {"reference": [np.full(len(e.responses), -20.0) for e in examples]}
    settings = Training(learning_rate=1e-3, warmup=warmup)
    job = TrainJob(method, ExampleSet(tuple(examples)), columns, settings, Budget(epochs=2, batch=4), 1)
    report = train(policy, job, folder / "metrics.jsonl")
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return torch.cat([p.detach().flatten() for p in policy.model.parameters()]), report, lines


@pytest.mark.parametrize("budget", [8192, 20])
def test_sft_on_pairs_is_the_same_without_its_rejected_responses(tmp_path, budget):
    weights, report, lines = trained(tmp_path, SFT(), labelled_pairs(), budget=budget)
    whole, before, others = trained(tmp_path, Everything(), labelled_pairs(), budget=budget)
    assert torch.allclose(weights, whole, atol=2e-5)
    assert [line["loss"] for line in lines] == pytest.approx([line["loss"] for line in others], rel=1e-5)
    encoded = tiny.language_model().encoder.examples(labelled_pairs())
    assert report.response_tokens == 2 * sum(len(e.responses[0]) for e in encoded)
    assert before.response_tokens == 2 * sum(len(r) for e in encoded for r in e.responses)
    assert (report.prompts, report.steps) == (before.prompts, before.steps) == (24, 6)


@pytest.mark.parametrize("budget", [8192, 8])
def test_unpaired_examples_are_seen_in_the_same_steps_whether_anything_is_learnt_from_them(tmp_path, budget):
    weights, report, lines = trained(tmp_path, SFT(), unpaired()[:8], budget=budget)
    whole, before, others = trained(tmp_path, Everything(), unpaired()[:8], budget=budget)
    assert torch.allclose(weights, whole, atol=2e-5)
    assert [line["loss"] for line in lines] == pytest.approx([line["loss"] for line in others], rel=1e-5)
    assert (report.prompts, report.steps) == (before.prompts, before.steps) == (16, 4)
    assert report.response_tokens == before.response_tokens / 2


def test_a_step_without_anything_to_learn_from_leaves_the_policy_as_it_is(tmp_path):
    before = torch.cat([p.detach().flatten() for p in tiny.language_model().model.parameters()])
    weights, report, lines = trained(tmp_path, SFT(), unpaired()[8:])
    assert torch.equal(weights, before)
    assert [(line["loss"], line["gradient_norm"], line["response_tokens"]) for line in lines] == [(0.0, 0.0, 0)] * 2
    assert report.response_tokens == 0
    _, _, mixed = trained(tmp_path, SFT(), unpaired())
    assert [line["loss"] > 0 for line in mixed[:3]] == [True, True, False]


def test_what_is_not_learnt_from_is_not_a_number_in_the_batch():
    model, examples = tiny.language_model(), labelled_pairs()[:3]
    encoded = model.encoder.examples(examples)
    kept = [learnt(SFT(), e) for e in encoded]
    found = model.forward(kept)
    columns = {"given": [np.array([1.0, 2.0])] * 3}
    made = collate(kept, found, columns, facts(examples))
    whole = model.forward(encoded)
    assert made.policy.total[made.labelled[~made.desirable]].isnan().all()
    assert made.policy.tokens[made.labelled[~made.desirable]].isnan().all()
    assert torch.allclose(made.policy.total[made.labelled[made.desirable]], whole.total[::2], atol=1e-4)
    assert made.policy.tokens[::2].tolist() == whole.tokens[::2].tolist()
    assert made.column("given").tolist() == [1.0, 2.0] * 3
    assert made.prompt.tolist() == [0, 0, 1, 1, 2, 2]


@dataclass(frozen=True)
class Greedy(PairLogistic):
    """Reads what no pair names, and does not say so."""

    name: ClassVar[str] = "greedy"

    def terms(self, batch):
        return super().terms(batch) + batch.policy.total.mean()


@pytest.mark.parametrize("budget", [8192, 20])
def test_a_method_that_reads_what_it_does_not_say_is_told_so(tmp_path, budget):
    examples = [Example(e.id, e.prompt, (*e.responses[:2], Response("w3")), (Pair(0, 1),)) for e in data(4)]
    with pytest.raises(HarnessError, match="'greedy' reads log-probs of responses that its `learns_from` leaves out"):
        trained(tmp_path, Greedy(), examples, budget=budget)


def test_by_default_a_method_learns_from_what_its_unit_is_about():
    example = Example("e", user_prompt("?"), tuple(map(Response, "abcd")), (Pair(3, 0), Pair(3, 0)), (Label(1, True),))

    @dataclass(frozen=True)
    class Of(DPO):
        what: str = "pair"

        def unit(self):
            return self.what

    assert [set(Of(what=what).learns_from(example)) for what in ("pair", "label", "prompt")] == [
        {0, 3},
        {1},
        {0, 1, 2, 3},
    ]


def test_prompts_of_responses_that_are_left_out_are_left_out_too():
    other = user_prompt("w9 w9")
    example = Example("e", user_prompt("w1"), (Response("w2"), Response("w3", prompt=other)), labels=(Label(1, True),))
    (whole,) = tiny.language_model().encoder.examples([example])
    one = learnt(SFT(), whole)
    assert (one.prompts, one.prompt_of, one.responses) == (whole.prompts[1:], (0,), whole.responses[1:])
    assert one.kept == (1,)
    assert measured(SFT(), whole).responses == ()


def test_samples_are_learnt_from_beside_what_is_kept():
    model, method = tiny.language_model(), OnPolicy()
    encoded = model.encoder.examples(data(4))  # of three responses, the third stands in a pair in every third example
    joined = FreshResponses(model, tiny.language_model(seed=1), method.sampling(), encoded, seed=0).join(0, range(4))
    kept = [learnt(method, e) for e in joined]
    assert [len(e.responses) - e.samples for e in kept] == [3, 2, 2, 3]
    columns = {"reference": [np.full(3, -20.0)] * 4}
    made = collate(kept, model.forward(kept), columns, facts(data(4)))
    whole = collate(joined, model.forward(joined), columns, facts(data(4)))
    assert torch.allclose(method.terms(made), method.terms(whole), atol=1e-4)
    assert made.policy.total.isnan().tolist() == [False] * 5 + [True, False, False, True] + [False] * 3


def test_micro_batches_have_a_response_each_where_there_is_any():
    encoded = [learnt(SFT(), e) for e in tiny.language_model().encoder.examples(unpaired())]
    parts = in_parts(encoded, 1)
    assert [sum(bool(e.responses) for e in part) for part in parts] == [1] * 4
    assert sum(map(len, parts)) == 12
    assert [len(part) for part in in_parts(encoded[8:], 1)] == [4]


@pytest.mark.parametrize("budget", [8192, 12])
def test_what_is_measured_is_the_whole_steps_without_a_graph(tmp_path, budget):
    model, examples = tiny.language_model(), data(6)
    encoded = model.encoder.examples(examples)
    columns = {"reference": [np.arange(3.0) + i for i in range(6)]}
    aside = {i: measured(Centred(), e) for i, e in enumerate(encoded)}
    wanted = ToMeasure.of(aside, columns, budget)
    assert wanted is not None
    assert len(wanted.parts) == (1 if budget == 8192 else 4)
    order = sorted((1, 2, 4, 5), key=lambda i: aside[i].length, reverse=True)  # the others' third response is in a pair
    found = model.forward([e for part in wanted.parts for e in part])
    made = wanted.with_logps(Logps(found.total.detach(), found.tokens))
    assert made.columns["reference"].tolist() == [i + 2.0 for i in order]
    third = [model.logps_of([encoded[i]])[0][0][2] for i in order]
    assert torch.allclose(made.log_ratio, torch.tensor(third) - made.columns["reference"], atol=1e-3)
    _, report, lines = trained(tmp_path, Centred(), data(12), budget=budget)
    everywhere = policy_tokens(data(12))
    assert report.response_tokens + sum(line["measured_tokens"] for line in lines) == 2 * everywhere


def policy_tokens(examples):
    return sum(len(r) for e in tiny.language_model().encoder.examples(examples) for r in e.responses)
