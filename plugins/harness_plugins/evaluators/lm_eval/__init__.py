"""lm-eval's tasks on a policy: in process, on the model in memory, with lm-eval's own figures and standard errors."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import harness

MODEL_ARGS = frozenset(
    {
        "add_bos_token",
        "chat_template_args",
        "enable_thinking",
        "logits_cache",
        "max_length",
        "mixed_precision_dtype",
        "prefix_token_id",
        "softmax_dtype",
        "think_end_token",
        "truncation",
    }
)
"""Arguments of lm-eval's `hf` model that say how it is asked, not which it is."""


@dataclass(frozen=True)
class LmEval(harness.Evaluator):
    """Runs tasks of lm-eval, or the source's own. Same model, task and batch size: the figures of lm-eval's command."""

    name: ClassVar[str] = "lm_eval"
    source: ClassVar[str] = "lm-eval, github.com/EleutherAI/lm-evaluation-harness, 0.4.13 and later; run as it stands"
    columns: ClassVar[Literal["none", "score"]] = "none"
    needs_language_model: ClassVar[bool] = True
    path_options: ClassVar[tuple[str, ...]] = ("include", "data")
    libraries: ClassVar[tuple[str, ...]] = ("lm-eval",)

    tasks: tuple[str, ...] = ()
    """Names of tasks, groups or tags; `*` matches any text. None: the source's own tasks."""
    include: tuple[str, ...] = ()
    """Folders with tasks of your own, as YAML files; a name there hides one of lm-eval's."""
    data: str = ""
    """Folder that relative data files of your own tasks count from; by default the folder of their YAML file."""
    num_fewshot: int | None = None
    """Solved examples in each prompt, 0 or more; by default as the task says. A task that says 0 keeps it."""
    limit: int | None = None
    """Of each task only the first so many documents, at least 1; for trying out."""
    batch_size: int = 32
    """Sequences a forward pass, at least 1. Last digits depend on it."""
    apply_chat_template: bool = False
    """Ask through the tokenizer's chat template."""
    fewshot_as_multiturn: bool | None = None
    """Solved examples as turns of their own; by default where there is a chat template, without which it cannot be."""
    system_instruction: str | None = None
    """Stands before every prompt."""
    gen_kwargs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Changes how tasks generate: `{max_gen_toks: 128}`, `{do_sample: true, temperature: 0.8}`."""
    model_args: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Arguments of lm-eval's `hf` model that do not choose the model: `{add_bos_token: true}`, `{max_length: 1024}`."""
    random_seed: int = 0
    """Of Python's random numbers, for tasks that draw."""
    numpy_seed: int = 1234
    """Likewise NumPy's, 0 or more."""
    torch_seed: int = 1234
    """Likewise torch's: decides sampled responses."""
    fewshot_seed: int = 1234
    """Decides which solved examples a prompt has."""
    bootstrap_iters: int = 100_000
    """Resamples behind the standard error of what is no mean, 0 for no standard errors at all."""
    confirm_run_unsafe_code: bool = False
    """Allow tasks that execute the code a model writes, on this machine and unprotected."""

    def __post_init__(self) -> None:
        if self.include and not self.tasks:
            raise ValueError("tasks are not named: include only says where to look for them")
        paths = [name for name in self.tasks if "/" in name or name.endswith((".yaml", ".yml"))]
        if paths:
            raise ValueError(f"tasks has {paths[0]!r}, a path: name the task and put its folder under include")
        if self.num_fewshot is not None and self.num_fewshot < 0:
            raise ValueError(f"num_fewshot is {self.num_fewshot}, not a number from 0 up")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit is {self.limit}, not a number from 1 up")
        if self.batch_size < 1:
            raise ValueError(f"batch_size is {self.batch_size}, not a number from 1 up")
        if self.bootstrap_iters < 0:
            raise ValueError(f"bootstrap_iters is {self.bootstrap_iters}, not a number from 0 up")
        if not 0 <= self.numpy_seed < 2**32:
            raise ValueError(f"numpy_seed is {self.numpy_seed}, not a number from 0 to 2**32 - 1")
        if self.fewshot_as_multiturn and not self.apply_chat_template:
            raise ValueError("fewshot_as_multiturn needs apply_chat_template")
        if strange := sorted(set(self.model_args) - MODEL_ARGS):
            raise ValueError(f"model_args has {strange[0]!r}; possible are {', '.join(sorted(MODEL_ARGS))}")

    def follows_split(self) -> bool:
        """False: tasks bring their own documents."""
        return False

    def check(self) -> None:
        """Raise `Unavailable` where lm-eval is not installed."""
        if importlib.util.find_spec("lm_eval") is None:
            raise harness.Unavailable("the package lm-eval is not installed", fix="pip install 'lm-eval[hf]'")

    def evaluate(self, subject: harness.Subject) -> harness.Evaluation:
        """Every metric of every task and group.

        Raises:
            Unavailable: the row has no language model, nobody offers a task, or the data of a task cannot be had.
            HarnessError: there is no such task, or it cannot be read.
        """
        from harness_plugins.evaluators.lm_eval.run import run

        return run(self, subject)


@harness.hookimpl
def harness_evaluators() -> Iterable[type[harness.Evaluator]]:
    """Offers `lm_eval`."""
    return [LmEval]
