"""A bench as the host lends it to a column, over models of tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.engine.embedding import embed
from harness.engine.rater_files import create_rater, load_rater, save_rater
from harness.engine.trainer import TrainJob, train
from harness.training import Tokens

TOKENS = Tokens(min_prompt=4)


@dataclass
class Bench:
    """Columns' access to models: the real engine, on a model folder."""

    folder: Path
    model: Any = None
    base: Path | None = None
    """Of the model that `train_rater` starts from."""
    rating: Callable[[str], Any] | None = None
    """Stands in for raters, by name."""
    asked: list[Any] = field(default_factory=list[Any])

    def train_rater(self, examples: Any, method: Any, training: Any, budget: Any, seed: int) -> Mapping[str, Any]:
        self.asked.append((method, training, budget, seed))
        assert self.base is not None
        rater = create_rater(self.base, TOKENS, dtype=training.dtype, seed=seed)
        job = TrainJob(method, examples, {}, training, budget, seed)
        report = train(rater, job, self.folder / "metrics.jsonl")  # pyright: ignore[reportArgumentType]
        save_rater(rater, self.folder / "rater")
        return {"steps": report.steps, **report.last}

    def rater(self, model: str = "") -> Any:
        self.asked.append(model)
        if self.rating:
            return self.rating(model)
        return load_rater(Path(model) if model else self.folder / "rater", TOKENS)

    def embed(self, model: str, texts: Any) -> Any:
        self.asked.append(model)
        return embed(Path(model), texts)
