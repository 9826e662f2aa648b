"""Which preference-alignment method to trust: same preferences, same budget, honest uncertainty.

The names a plugin may import. Nothing here loads torch.
"""

from harness.batch import Batch, Facts, Logps
from harness.column import Column, Scorer
from harness.errors import DataError, HarnessError, ModelError, PluginError, Unavailable
from harness.evaluator import Evaluation, Evaluator, Figure, Generation, Sample, Scored, Subject
from harness.examples import Example, ExampleSet, Label, Ledger, Message, Pair, Prompt, Response, user_prompt
from harness.hookspecs import hookimpl
from harness.method import Method
from harness.source import BaseRecipe, Oracle, PromptTruth, Source
from harness.training import Budget, Lora, Tokens, Training
from harness.version import __version__

__all__ = [
    "BaseRecipe",
    "Batch",
    "Budget",
    "Column",
    "DataError",
    "Evaluation",
    "Evaluator",
    "Example",
    "ExampleSet",
    "Facts",
    "Figure",
    "Generation",
    "HarnessError",
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
    "Response",
    "Sample",
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
