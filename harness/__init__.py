"""Which preference-alignment method to trust: same preferences, same budget, honest uncertainty.

The names a plugin may import. Nothing here loads torch.
"""

from harness.batch import Batch, Facts, Logps, Measured, Samples
from harness.column import Bench, Column, Rater, Scorer
from harness.errors import DataError, HarnessError, ModelError, PluginError, Unavailable
from harness.evaluator import Answer, Evaluation, Evaluator, Figure, Generation, Sample, Scored, Subject
from harness.examples import Example, ExampleSet, Label, Ledger, Message, Pair, Prompt, Response, user_prompt
from harness.hookspecs import hookimpl
from harness.judging import JudgingEvaluator, Lender, Recorded, Verdicts
from harness.method import Method, Sampling
from harness.search_space import LEARNING_RATE, LEARNING_RATE_ALONE, Around, Choices, Range, SearchSpace
from harness.source import BaseRecipe, Comparison, Judge, Oracle, PromptTruth, Source
from harness.training import Budget, Lora, Tokens, Training
from harness.version import __version__

__all__ = [
    "LEARNING_RATE",
    "LEARNING_RATE_ALONE",
    "Answer",
    "Around",
    "BaseRecipe",
    "Batch",
    "Bench",
    "Budget",
    "Choices",
    "Column",
    "Comparison",
    "DataError",
    "Evaluation",
    "Evaluator",
    "Example",
    "ExampleSet",
    "Facts",
    "Figure",
    "Generation",
    "HarnessError",
    "Judge",
    "JudgingEvaluator",
    "Label",
    "Ledger",
    "Lender",
    "Logps",
    "Lora",
    "Measured",
    "Message",
    "Method",
    "ModelError",
    "Oracle",
    "Pair",
    "PluginError",
    "Prompt",
    "PromptTruth",
    "Range",
    "Rater",
    "Recorded",
    "Response",
    "Sample",
    "Samples",
    "Sampling",
    "Scored",
    "Scorer",
    "SearchSpace",
    "Source",
    "Subject",
    "Tokens",
    "Training",
    "Unavailable",
    "Verdicts",
    "__version__",
    "hookimpl",
    "user_prompt",
]
