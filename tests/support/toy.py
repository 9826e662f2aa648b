"""A toy source with a tiny base model, and a registry that offers it beside what is installed: for runs end to end."""

import dataclasses
import json
import os
import random
import signal
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import tiny

import harness
from harness.examples import Example, Label, Ledger, Pair, Response, user_prompt
from harness.host import Origin, Registry, load


@dataclass(frozen=True)
class Toy(harness.Source):
    """Pairs of words; the chosen response holds "w1"."""

    name: ClassVar[str] = "toy"
    kind: str = "pairs"
    count: int = 12
    words: int = 40

    def examples(self, split, seed, limit=None):
        draw = random.Random(f"{split} {seed if split == 'train' else 0}")
        made = [self._example(f"{split}-{i}", draw) for i in range(min(self.count, limit or self.count))]
        return harness.ExampleSet(tuple(made), Ledger(read=len(made), kept=len(made)))

    def _example(self, name, draw):
        good, bad = f"w1 w{draw.randrange(self.words)}", f"w{draw.randrange(2, self.words)}"
        prompt = user_prompt(f"w{draw.randrange(self.words)} w{draw.randrange(self.words)}")
        if self.kind == "labels":
            return Example(name, prompt, (Response(good),), labels=(Label(0, True),))
        return Example(name, prompt, (Response(good), Response(bad)), pairs=(Pair(0, 1),))

    def base_model(self):
        from harness_plugins.methods.sft import SFT

        def create():
            model = tiny.language_model()
            return model.model, model.tokenizer

        return harness.BaseRecipe(
            create=create,
            examples=lambda: self.examples("train", 99),
            method=SFT(),
            training=harness.Training(learning_rate=1e-3),
            budget=harness.Budget(batch=4),
            identity={"toy": 1},
        )


@dataclass(frozen=True)
class Taste(harness.Column):
    """Learns how often each word is chosen, and rates a response by its words."""

    name: ClassVar[str] = "taste"
    source: ClassVar[str] = "test"
    learns: ClassVar[bool] = True
    path_options: ClassVar[tuple[str, ...]] = ("words",)
    scale: float = 1.0
    words: str = ""
    """A file of words that count double."""

    def needs(self):
        return frozenset({"pairs"})

    def fit(self, examples, bench, seed):
        wins: dict[str, int] = {}
        for example in examples:
            for pair in example.pairs:
                for sign, index in ((1, pair.chosen), (-1, pair.rejected)):
                    for word in example.responses[index].text.split():
                        wins[word] = wins.get(word, 0) + sign
        (bench.folder / "wins.json").write_text(json.dumps(wins))
        return {"seed": seed, "examples": len(examples)}

    def compute(self, examples, bench):
        wins = json.loads((bench.folder / "wins.json").read_text())
        double = set(Path(self.words).read_text().split()) if self.words else set()
        return [
            np.array(
                [
                    sum(self.scale * wins.get(w, 0) * (2 if w in double else 1) for w in r.text.split())
                    for r in e.responses
                ],
                dtype=np.float32,
            )
            for e in examples
        ]


@dataclass(frozen=True)
class Tasteful(harness.Method):
    """Raises the log-prob of what a column likes; scores by that column."""

    name: ClassVar[str] = "tasteful"
    source: ClassVar[str] = "test"
    reward: harness.Column = Taste()
    strength: float = 1.0

    def needs(self):
        return frozenset({"candidates"})

    def unit(self):
        return "prompt"

    def train_columns(self):
        return (self.reward,)

    def score_columns(self):
        return ("reference", self.reward)

    def terms(self, batch):
        import torch

        liked = batch.column(self.reward.name) * batch.policy.mean
        return -self.strength * torch.zeros(int(batch.prompt.max()) + 1).index_add(0, batch.prompt, liked)

    def score(self, batch):
        return batch.log_ratio + batch.column(self.reward.name)


@dataclass(frozen=True)
class Broken(harness.Evaluator):
    """Fails, cannot run, takes its process with it, or never ends, as it is told."""

    name: ClassVar[str] = "broken"
    source: ClassVar[str] = "test"
    how: str = "fails"

    def evaluate(self, subject):
        if self.how == "unavailable":
            raise harness.Unavailable("it is Sunday")
        if self.how == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        while self.how == "hangs":
            (subject.kept("hanging") / str(os.getpid())).touch()
            time.sleep(0.05)
        raise ZeroDivisionError("on purpose")


ORIGIN = Origin("toy", "toy-distribution", "1.0", "0")


def offering(shelf, *kinds):
    offers = {**shelf.offers, **{k.name: k for k in kinds}}
    origins = {**shelf.origins, **{k.name: ORIGIN for k in kinds}}
    return dataclasses.replace(shelf, offers=MappingProxyType(offers), origins=MappingProxyType(origins))


@cache
def registry() -> Registry:
    installed = load()
    return dataclasses.replace(
        installed,
        methods=offering(installed.methods, Tasteful),
        columns=offering(installed.columns, Taste),
        sources=offering(installed.sources, Toy),
        evaluators=offering(installed.evaluators, Broken),
    )


SUITE = """
data: {source: toy}
training: {learning_rate: 1e-3}
tokens: {min_prompt: 4}
methods:
  - policy: base
  - sft
  - dpo
  - method: random_labels
    label: random
evaluators: [preference]
seeds: [0, 1]
budget: {batch: 4}
"""


def write_suite(folder, text=SUITE, **replaced):
    for old, new in replaced.items():
        text = text.replace(old, new)
    path = folder / "toy.yaml"
    path.write_text(text)
    return path
