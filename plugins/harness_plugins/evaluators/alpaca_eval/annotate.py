"""Comparisons through alpaca-eval's annotator: its treatment of equal answers, its parsers, its checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import harness
from harness_plugins.evaluators.alpaca_eval.library import library, quiet
from harness_plugins.evaluators.prompts import shown

Completion: TypeAlias = Mapping[str, Any]
"""What a judge said, as a choice of an OpenAI chat completion: `text`, and `logprobs` where there are any."""
Complete: TypeAlias = Callable[[Sequence[harness.Comparison]], Sequence[Completion]]
"""What a judge says of each of some distinct comparisons."""


def annotate(comparisons: Sequence[harness.Comparison], template: str, complete: Complete) -> list[float | None]:
    """Per comparison, alpaca-eval's preference: 1 where the first answer is preferred, 2 where the second is, and
    anything between; None where the judge's answer cannot be read.

    Equal answers are 1.5, and nobody is asked. Each distinct comparison is asked of the judge once.

    Raises:
        DataError: a text is none that any file or server could be given.
    """
    import pandas as pd

    if not comparisons:
        return []
    _demand_characters(comparisons)
    rows = pd.DataFrame(
        {
            "item": [str(place) for place in range(len(comparisons))],
            "instruction": [shown(c.prompt) for c in comparisons],
            "output_1": [c.first for c in comparisons],
            "output_2": [c.second for c in comparisons],
        }
    )
    with quiet():
        annotator = _annotator(template, partial(_completions, comparisons, complete))
        # its three steps for one chunk; __call__ adds a progress bar that cannot be turned off
        annotated = annotator._annotate(annotator._preprocess(rows))
        found = annotator._postprocess_and_store_(annotated, rows)
    by_item = {row["item"]: row["preference"] for row in found}
    preferences = [by_item[str(place)] for place in range(len(comparisons))]
    return [None if pd.isna(preference) else float(preference) for preference in preferences]


def _demand_characters(comparisons: Sequence[harness.Comparison]) -> None:
    for comparison in comparisons:
        for text in (shown(comparison.prompt), comparison.first, comparison.second):
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise harness.DataError(
                    f"half of a surrogate pair, which is no character, stands in the text {text[:80]!a}",
                    fix="have the source of the prompts and references drop such texts",
                ) from error


def _completions(
    comparisons: Sequence[harness.Comparison], complete: Complete, prompts: Sequence[int], **arguments: Any
) -> dict[str, list[Any]]:
    """A decoder as alpaca-eval calls it, for prompts that are places in `comparisons`."""
    del arguments  # of the model that the configuration names
    asked = [comparisons[place] for place in prompts]
    distinct = list(dict.fromkeys(asked))
    said = dict(zip(distinct, complete(distinct), strict=True))
    return {"completions": [said[c].get("text", "") for c in asked], "completions_all": [dict(said[c]) for c in asked]}


def _annotator(template: str, completions: Callable[..., dict[str, list[Any]]]) -> Any:
    library()
    from alpaca_eval.annotators.pairwise_evaluator import PairwiseAnnotatorLocal, SinglePairwiseAnnotator

    class Single(SinglePairwiseAnnotator):
        def __init__(self, **settings: Any) -> None:
            settings |= {
                "fn_completions": completions,
                "processors_to_kwargs": None,  # they explain a verdict, and do not change it
                "is_randomize_output_order": False,  # both orders are asked
                "is_shuffle": False,
            }
            super().__init__(**settings)

        def _make_prompts(  # pyright: ignore[reportIncompatibleMethodOverride]  # prompts are ours to choose
            self, df_to_annotate: Any, prompt_template: str | None = None
        ) -> tuple[list[int], Any]:
            del prompt_template  # judges that want a prompt fill it themselves, see `Template.fill`
            return [int(item) for item in df_to_annotate["item"]], df_to_annotate

    class Annotator(PairwiseAnnotatorLocal):  # the variant that keeps no file in the package's folder
        @property
        def SingleAnnotator(self) -> Any:  # noqa: N802
            return Single

        @property
        def random_seed_keys(self) -> Any:
            return "item"  # of the choice among a pool of one; a list of keys takes a millisecond a row

    return Annotator(annotators_config=template, input_keys=("item", "instruction"), is_avoid_reannotations=False)
