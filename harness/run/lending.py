"""What the host lends to columns, evaluators and judges, behind the protocols they know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.column import Rater, Scorer
from harness.engine.embedding import embed
from harness.engine.encoding import CUT_PROMPTS, Encoded
from harness.engine.language_model import LanguageModel, engine_facts
from harness.engine.rater_files import create_rater, save_rater
from harness.engine.trainer import TrainJob, train
from harness.errors import HarnessError
from harness.examples import Example, ExampleSet, Prompt
from harness.method import Method
from harness.records import Cost
from harness.reporter import Progress, Reporter, ticking
from harness.run.models import Models, Rating
from harness.run.steps import PolicyRef
from harness.source import Judge, Source
from harness.training import Budget, Training

RATER = "rater"
"""Folder of a fitted column that holds a sequence classifier."""


@dataclass
class ModelScorer:
    """See `harness.Scorer`."""

    model: LanguageModel
    encoded: Sequence[Encoded] = ()
    """Examples whose tokens are laid out already; they are scored exactly so, where they are this model's tokens."""
    progress: Progress | None = None

    def logps(self, examples: Sequence[Example]) -> list[tuple[np.ndarray, np.ndarray]]:
        """See `harness.Scorer`."""
        known = {id(e.example): e for e in self.encoded}
        wanted = [known[id(e)] for e in examples if id(e) in known]
        if len(wanted) < len(examples) or not self.model.encoder.agrees(wanted):
            return self.model.logps(examples)
        return self.model.logps_of(wanted, ticking(self.progress, len(wanted)))

    @property
    def cut(self) -> int:
        """See `harness.Scorer`."""
        return self.model.encoder.counted[CUT_PROMPTS]

    def openings(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> list[np.ndarray]:
        """See `harness.Scorer`."""
        encoded = self.model.encoder.openings(prompts, texts)
        return [total for total, _ in self.model.logps_of(encoded, ticking(self.progress, len(encoded)))]

    def cuts(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> list[Mapping[str, int]]:
        """See `harness.Scorer`."""
        found: list[Mapping[str, int]] = []
        for prompt in prompts:
            encoder = replace(self.model.encoder, counted=Counter())
            encoder.openings([prompt], texts)
            found.append(dict(encoder.counted))
        return found


@dataclass
class ModelRater:
    """See `harness.Rater`."""

    model: Rating
    progress: Progress | None = None

    def rewards(self, examples: Sequence[Example]) -> list[np.ndarray]:
        """See `harness.Rater`."""
        return self.model.rewards(examples, ticking(self.progress, len(examples)))

    def cuts(self, examples: Sequence[Example]) -> list[Mapping[str, int]]:
        """See `harness.Rater`."""
        return [dict(self.model.cut(example)) for example in examples]


@dataclass
class ColumnBench:
    """See `harness.Bench`."""

    models: Models
    start: PolicyRef | None
    """What the column reads."""
    dtype: str
    state: Path | None
    """What `fit` wrote, or where it is to write."""
    encoded: Sequence[Encoded] = ()
    progress: Progress | None = None
    cost: Cost = field(default_factory=Cost)
    """Of what was trained on it."""
    engine: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the engine chose for what was trained on it."""

    @property
    def folder(self) -> Path:
        """See `harness.Bench`."""
        if self.state is None:
            raise HarnessError("this column has no folder, because it does not learn", fix="set `learns = True`")
        return self.state

    @property
    def model(self) -> Scorer:
        """See `harness.Bench`."""
        return ModelScorer(self.models.shared(self._started(), self.dtype), self.encoded, self.progress)

    def _started(self) -> PolicyRef:
        if self.start is None:
            raise HarnessError("this column asks for a language model but reads none", fix="set `reads` to name one")
        return self.start

    def train_rater(
        self, examples: ExampleSet, method: Method, training: Training, budget: Budget, seed: int
    ) -> Mapping[str, Any]:
        """See `harness.Bench`."""
        start = self._started()
        if start.adapter_on is not None:
            raise HarnessError("a scalar head cannot be put on an adapter", fix="let the column read the base model")
        rater = create_rater(self.models.folder(start), self.models.tokens, dtype=training.dtype, seed=seed)
        job = TrainJob(method, examples, {}, training, budget, seed)
        report = train(rater, job, self.folder / "metrics.jsonl", self.progress)
        save_rater(rater, self.folder / RATER)
        trained = Cost(steps=report.steps, prompts=report.prompts, response_tokens=report.response_tokens)
        self.cost, self.engine = self.cost.plus(trained), engine_facts(rater)
        return {"last": dict(report.last), **rater.encoder.counted}

    def rater(self, model: str = "") -> Rater:
        """See `harness.Bench`."""
        folder = self.models.named_folder(model) if model else self.folder / RATER
        return ModelRater(self.models.rater(folder), self.progress)

    def embed(self, model: str, texts: Sequence[str]) -> np.ndarray:
        """See `harness.Bench`."""
        return embed(self.models.named_folder(model), texts)


@dataclass(kw_only=True)
class HostLender:
    """See `harness.Lender`."""

    source: Source
    models: Models
    shared: Path
    """Folder in the results for what is paid for once."""
    progress: Progress | None = None
    """Told of the examples scored and the prompts answered."""
    speak: Callable[[str], None] = Reporter().say
    """Told what evaluators and judges say."""

    def scorer(self, model: str) -> Scorer:
        """See `harness.Lender`."""
        return ModelScorer(self.models.scorer(model), progress=self.progress)

    def rater(self, model: str) -> Rater:
        """See `harness.Lender`."""
        return ModelRater(self.models.rater(self.models.named_folder(model)), self.progress)

    def identity(self, model: str) -> str:
        """See `harness.Lender`."""
        return self.models.identity(model)

    def judge(self) -> Judge | None:
        """See `harness.Lender`."""
        return self.source.judge()

    def kept(self, name: str) -> Path:
        """See `harness.Lender`."""
        folder = self.shared / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def tell(self, done: int, total: int) -> None:
        """See `harness.Lender`."""
        if self.progress:
            self.progress(done, total)

    def say(self, text: str) -> None:
        """See `harness.Lender`."""
        self.speak(text)
