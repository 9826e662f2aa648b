"""How much likelier a response is in one source, a human's say, than in a half-half mixture of it and the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import harness
from harness.examples import Need
from harness_plugins.columns.relative_ratio import relative_ratio
from harness_plugins.columns.source_classifier import SourceClassifier, fit_classifier
from harness_plugins.columns.text_features import hashed, plain

if TYPE_CHECKING:
    import numpy as np

SHOWN = 10
"""Sources that an error names, the most frequent first."""


@dataclass(frozen=True)
class SourceRatio(harness.Column):
    """2 P(target | prompt, response), 0 to 2, of a calibrated classifier of who wrote a response, target against rest.

    The classifier is a logistic regression on words, or on an encoder's vectors, with both kinds counting alike.
    """

    name: ClassVar[str] = "source_ratio"
    source: ClassVar[str] = "arXiv:2504.05831, authors' code, with alpha = 1/2; the classifier: our choice"
    learns: ClassVar[bool] = True
    model_options: ClassVar[tuple[str, ...]] = ("encoder",)
    libraries: ClassVar[tuple[str, ...]] = ("scikit-learn",)

    target_source: str = "human"
    """The source to come close to, as the data name it."""
    features: Literal["text", "encoder"] = "text"
    """What the classifier sees: hashed words of prompt and response, or means of an encoder's last hidden states."""
    encoder: str = ""
    """A folder, or an id on the Hub, of any transformers model; where `features` is encoder."""
    ngrams: int = 2
    """Longest run of words of the response that is a feature, 1 to 5; without meaning for an encoder."""
    crosses: int = 16
    """Words of the prompt and of the response of which every pair is a feature, 0 to 64; without meaning for an
    encoder."""
    strength: float = 1.0
    """C of scikit-learn's logistic regression, > 0: larger fits closer."""
    folds: int = 5
    """Models that are fitted, each without a part of the prompts, which it then judges; 2 to 20."""

    def __post_init__(self) -> None:
        if not 1 <= self.ngrams <= 5:
            raise ValueError(f"ngrams must be from 1 to 5, not {self.ngrams}")
        if not 0 <= self.crosses <= 64:
            raise ValueError(f"crosses must be from 0 to 64, not {self.crosses}")
        if not self.strength > 0:
            raise ValueError(f"strength must be > 0, not {self.strength}")
        if not 2 <= self.folds <= 20:
            raise ValueError(f"folds must be from 2 to 20, not {self.folds}")

    def needs(self) -> frozenset[Need]:
        """Sources."""
        return frozenset({"sources"})

    def fit(self, examples: harness.ExampleSet, bench: harness.Bench, seed: int) -> Mapping[str, Any]:
        """Fit the classifier; the notes say how well its probabilities are calibrated on prompts it did not see.

        Raises:
            Unavailable: the target source does not occur, or no other does: rows that need this column are skipped.
        """
        import numpy as np

        sources = [r.source for e in examples for r in e.responses]
        self._demand_two(Counter(str(s) for s in sources))
        truth = np.array([s == self.target_source for s in sources])
        rows = _rows(examples.examples)
        classifier, figures = fit_classifier(
            self._features(rows, bench),
            truth,
            [prompt for prompt, _ in rows],
            folds=self.folds,
            strength=self.strength,
            seed=seed,
        )
        classifier.save(bench.folder)
        return {"target": int(truth.sum()), "rest": int((~truth).sum()), **figures}

    def compute(self, examples: Sequence[harness.Example], bench: harness.Bench) -> list[np.ndarray]:
        """Per example, (responses,) float32."""
        import numpy as np

        rows = _rows(examples)
        if not rows:
            return []
        classifier = SourceClassifier.load(bench.folder)
        probabilities = classifier.probabilities(self._features(rows, bench), [prompt for prompt, _ in rows])
        ratios = relative_ratio(probabilities).astype(np.float32)
        return np.split(ratios, np.cumsum([len(e.responses) for e in examples])[:-1])

    def _features(self, rows: Sequence[tuple[str, str]], bench: harness.Bench) -> Any:
        """(rows, features), sparse for words."""
        import numpy as np

        if self.features == "text":
            return hashed(rows, ngrams=self.ngrams, crosses=self.crosses)
        if not self.encoder:
            raise harness.HarnessError(
                "the column 'source_ratio' has features: encoder, but no encoder", fix="name one in the option encoder"
            )
        texts = list(dict.fromkeys(text for row in rows for text in row))
        vectors = bench.embed(self.encoder, texts)
        place = {text: i for i, text in enumerate(texts)}
        pairs = [vectors[[place[text] for text in side]] for side in zip(*rows, strict=True)]
        return np.concatenate(pairs, axis=1)

    def _demand_two(self, sources: Counter[str]) -> None:
        there = ", ".join(f"{name} ({count})" for name, count in sources.most_common(SHOWN))
        if len(sources) > SHOWN:
            there += f" and {len(sources) - SHOWN} more"
        if self.target_source not in sources:
            raise harness.Unavailable(
                f"no response is by the source {self.target_source!r}; there are {there}",
                fix="name one of them in the option target_source",
            )
        if len(sources) < 2:
            raise harness.Unavailable(
                f"every response is by the source {self.target_source!r}, so there is nothing to tell it from",
                fix="use data of several sources",
            )


def _rows(examples: Sequence[harness.Example]) -> list[tuple[str, str]]:
    """(prompt, response) of every response, as text."""
    return [(plain(r.prompt or e.prompt), r.text) for e in examples for r in e.responses]


@harness.hookimpl
def harness_columns() -> Iterable[type[harness.Column]]:
    """Offers `source_ratio`."""
    return [SourceRatio]
