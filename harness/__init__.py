"""Which preference-alignment method to trust: same preferences, same budget, honest uncertainty.

The names a plugin may import. Nothing here loads torch.
"""

from harness.batch import Batch, Facts, Logps, Samples
from harness.column import Bench, Column, Rater, Scorer
from harness.errors import DataError, HarnessError, ModelError, PluginError, Unavailable
from harness.evaluator import Answer, Evaluation, Evaluator, Figure, Generation, Sample, Scored, Subject
from harness.examples import Example, ExampleSet, Label, Ledger, Message, Pair, Prompt, Response, user_prompt
from harness.hookspecs import hookimpl
from harness.method import Method, Sampling
from harness.source import BaseRecipe, Comparison, Judge, Oracle, PromptTruth, Source
from harness.training import Budget, Lora, Tokens, Training
from harness.version import __version__

__all__ = [
    "Answer",
    "BaseRecipe",
    "Batch",
    "Bench",
    "Budget",
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
    "Label",
    "Ledger",
    "Logps",
    "Lora",
    "Message",
    "Method",
    "ModelError",
    "Oracle",
    "Pair",
    "PluginError",
    "Prompt",
    "PromptTruth",
    "Rater",
    "Response",
    "Sample",
    "Samples",
    "Sampling",
    "Scored",
    "Scorer",
    "Source",
    "Subject",
    "Tokens",
    "Training",
    "Unavailable",
    "__version__",
    "hookimpl",
    "user_prompt",
]
