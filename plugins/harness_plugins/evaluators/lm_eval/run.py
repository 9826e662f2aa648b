"""Tasks in, figures out: what lm-eval's `simple_evaluate` does, for a model that is loaded already."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import datasets.config
import lm_eval.evaluator
from lm_eval.api.task import Task
from lm_eval.utils import hash_string

import harness
from harness_plugins.evaluators.lm_eval.figures import figures, unusable
from harness_plugins.evaluators.lm_eval.model import InMemory, Watch
from harness_plugins.evaluators.lm_eval.surroundings import faster, quiet, seeded
from harness_plugins.evaluators.lm_eval.tasks import Tasks, load_tasks

if TYPE_CHECKING:
    from harness_plugins.evaluators.lm_eval import LmEval


def run(options: LmEval, subject: harness.Subject) -> harness.Evaluation:
    """See `LmEval.evaluate`."""
    model, tokenizer = subject.language_model()
    if options.apply_chat_template and not getattr(tokenizer, "chat_template", None):
        raise harness.Unavailable(
            "this policy's tokenizer has no chat template", fix="leave `apply_chat_template` out, or give it one"
        )
    with (
        tempfile.TemporaryDirectory(prefix="lm-eval-") as scratch,
        quiet() as heard,
        faster(),
        seeded(options.random_seed, options.numpy_seed, options.torch_seed),
    ):
        found = _tasks(options, subject, Path(scratch))
        heard.warnings.clear()
        watch = Watch(subject.tell)
        lm = InMemory(model, tokenizer, watch, batch_size=options.batch_size, model_args=options.model_args)
        for task in found.tasks.values():
            _adapt(task, options)
        results = _evaluate(options, lm, found)
    made = figures(results, found.tasks, found.groups)
    if not made:
        raise harness.HarnessError("lm-eval's tasks gave no finite figure", fix="see that they name a metric")
    generations = tuple(_generations(results, found, watch))
    counted = {
        "truncated by lm-eval": heard.truncations,
        "answers without a token": lm.unheard,
        "texts longer than the model's own context": lm.beyond,
        "metrics without a finite number": unusable(results),
        "generations stopped by the length cap": sum(not g.finished for g in generations),
    }
    counted = {name: count for name, count in counted.items() if count}
    return harness.Evaluation(tuple(made), generations, counted, _notes(options, results, found, lm))


def _tasks(options: LmEval, subject: harness.Subject, scratch: Path) -> Tasks:
    """Those named, or the source's own; the cache of what is written for once is as short-lived."""
    if options.tasks:
        return load_tasks(options.tasks, options.include, options.data)
    names = subject.tasks(scratch)
    if not names:
        raise harness.Unavailable("the source of these data offers no lm-eval task", fix="name some in `tasks`")
    with mock.patch.object(datasets.config, "HF_DATASETS_CACHE", scratch / "cache"):
        return load_tasks(names, (str(scratch),))


def _adapt(task: Task, options: LmEval) -> None:
    """Options over what a task says, by the rules of lm-eval's command."""
    if options.gen_kwargs and task.get_config("output_type") == "generate_until":
        task.set_config("generation_kwargs", dict(options.gen_kwargs), update=True)
    shots = task.get_config("num_fewshot")
    if options.num_fewshot is not None and shots != 0:
        task.set_config("num_fewshot", options.num_fewshot)
    elif shots is None:
        task.set_config("num_fewshot", 0)
    task.set_fewshot_seed(options.fewshot_seed)


def _evaluate(options: LmEval, lm: InMemory, found: Tasks) -> Any:
    evaluate = cast("Any", lm_eval.evaluator.evaluate)
    try:
        return evaluate(
            lm,
            {"tasks": found.tasks, "groups": found.groups},
            limit=options.limit,
            bootstrap_iters=options.bootstrap_iters,
            system_instruction=options.system_instruction,
            apply_chat_template=options.apply_chat_template,
            fewshot_as_multiturn=_multiturn(options),
            confirm_run_unsafe_code=options.confirm_run_unsafe_code,
        )
    except ValueError as error:
        if "UNSAFE" not in str(error).upper():
            raise
        raise harness.Unavailable(str(error), fix="set `confirm_run_unsafe_code`, on a machine kept for it") from error


def _multiturn(options: LmEval) -> bool:
    """Whether solved examples are turns of their own: where nothing is said, if there is a chat template."""
    return options.apply_chat_template if options.fewshot_as_multiturn is None else options.fewshot_as_multiturn


def _generations(results: Mapping[str, Any], found: Tasks, watch: Watch) -> Iterator[harness.Generation]:
    """Responses before any filter, each once."""
    for name, task in found.tasks.items():
        if task.get_config("output_type") != "generate_until":
            continue
        samples = results["samples"][name]
        for sample in samples:
            if sample["filter"] != samples[0]["filter"]:
                continue
            for arguments, responses in zip(sample["arguments"], sample["resps"], strict=True):
                for response in responses:
                    item = f"{name}/{sample['doc_id']}"
                    yield harness.Generation(item, str(arguments[0]), response, watch.finished(arguments))


KEPT = ("output_type", "dataset_path", "dataset_name", "generation_kwargs", "repeats", "description", "filter_list")
"""What the record keeps of a task's configuration: what decides the figures and is short."""


NAMED = ("tasks", "include", "data")
"""Options that the notes leave out: paths, and names that stand there anyway."""


def _notes(options: LmEval, results: Mapping[str, Any], found: Tasks, lm: InMemory) -> dict[str, Any]:
    """Plain data that says what was run."""
    tasks: dict[str, Any] = {}
    for name in found.tasks:
        config, samples = results["configs"][name], results["samples"][name]
        hashes = "".join(s["doc_hash"] + s["prompt_hash"] + s["target_hash"] for s in samples)
        tasks[name] = {
            "version": results["versions"].get(name),
            "hash": hash_string(hashes),
            "num_fewshot": results["n-shot"].get(name, 0),
            "documents": dict(results["n-samples"][name]),
            **{key: config[key] for key in KEPT if config.get(key)},
        }
    return {
        "lm_eval": version("lm_eval"),
        "settings": {
            **{f.name: getattr(options, f.name) for f in dataclasses.fields(options) if f.name not in NAMED},
            "fewshot_as_multiturn": _multiturn(options),
            "max_length": lm.max_length,
            "chat_template_sha": hash_string(lm.chat_template(True) or "") if options.apply_chat_template else None,
        },
        "tasks": tasks,
        "groups": {name: list(group.child_names) for name, group in found.groups.items()},
    }
