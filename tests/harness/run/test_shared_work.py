"""Work that rows have in common is done once for all of them."""

from collections import Counter
from dataclasses import dataclass, replace
from typing import ClassVar

import toy

import harness
from harness.engine.language_model import LanguageModel
from harness.engine.token_bank import TokenBank
from harness.reporter import Reporter
from harness.run.suite_run import run_suite
from harness.store import Store
from harness.suite import read_suite

TEXT = """
data: {source: toy}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
methods: [{policy: base}, sft, dpo, {method: dpo, label: more, options: {beta: 0.7}}]
evaluators: [preference, {evaluator: moved, label: once}, {evaluator: moved, label: twice, options: {times: 2}}]
seeds: [0]
budget: {batch: 4}
"""


@dataclass(frozen=True)
class Moved(harness.Evaluator):
    """How far held-out log-probs are from the base's."""

    name: ClassVar[str] = "moved"
    source: ClassVar[str] = "test"
    times: int = 1

    def evaluate(self, subject):
        examples = subject.examples().examples
        gaps = [
            float(abs(own.logp - base).sum())
            for own, base in zip(subject.score(examples), subject.base_logps(examples), strict=True)
        ]
        items = tuple(example.id for example in examples)
        mean = sum(gaps) / len(gaps)
        figure = harness.Figure(
            metric="moved", value=mean, unit="nats", higher_is_better=None, items=items, values=tuple(gaps), about="gap"
        )
        return harness.Evaluation((figure,))


def test_the_base_is_judged_once_and_scored_once_and_every_text_is_tokenised_once(tmp_path, monkeypatch):
    installed = toy.registry()
    registry = replace(installed, evaluators=toy.offering(installed.evaluators, Moved))
    scored, tokenised, alive = Counter(), Counter(), []
    score, look_up = LanguageModel.logps_of, TokenBank.of

    def counting(model, encoded, *args, **kwargs):
        alive.append(model)  # or its name might be another's
        scored[id(model), tuple(e.example.id for e in encoded)] += 1
        return score(model, encoded, *args, **kwargs)

    def noting(bank, texts, tokenizer):
        alive.append(bank)
        if bank.most:  # the audit, which reads every example once, keeps nothing
            tokenised.update((id(bank), text) for text in set(texts) - bank._known.keys())
        return look_up(bank, texts, tokenizer)

    monkeypatch.setattr(LanguageModel, "logps_of", counting)
    monkeypatch.setattr(TokenBank, "of", noting)
    suite = read_suite(str(toy.write_suite(tmp_path, TEXT)), registry=registry)
    run = run_suite(suite, registry, tmp_path / "results", Reporter())
    assert run.exit_code == 0
    store = Store(tmp_path / "results")
    titles = Counter(step.title for step in run.plan.steps if store.done(step.digest))
    assert {title: n for title, n in titles.items() if title.endswith("of base")} == {
        "preference of base": 1,
        "once of base": 1,
        "twice of base": 1,
    }
    assert titles["base model"] == titles["reference column, test split"] == 1
    held_out = tuple(e.id for e in toy.Toy().examples("test", 0))
    passes = Counter(n for (_, items), n in scored.items() if items == held_out)
    # Three policies and the base, each once for all three evaluators; the base once more, for the reference column.
    assert sorted(passes.elements()) == [1, 1, 1, 2]
    assert set(tokenised.values()) == {1}
    banks = Counter(text for _, text in tokenised)
    of_base = {r.text for e in toy.Toy().examples("train", 99) for r in e.responses}  # trained by a model of its own
    judged = {r.text for e in toy.Toy().examples("test", 0) for r in e.responses} - of_base
    assert {banks[text] for text in judged} == {1}
