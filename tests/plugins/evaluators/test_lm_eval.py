import contextlib
import json
import logging
import math
import os
import random
from pathlib import Path

import datasets
import huggingface_hub.constants
import lm_eval.api.metrics
import numpy as np
import pytest
import tiny
import torch
import transformers
from harness_plugins.evaluators.lm_eval import LmEval
from tasks import Speaker, write_tasks

import harness
from harness import host
from harness.digest import plain
from harness.suite.options import configure


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture(scope="module")
def model():
    return tiny.language_model()


@pytest.fixture
def folder(tmp_path):
    return write_tasks(tmp_path / "tasks")


def judge(model, folder, *tasks, **options):
    speaker = Speaker(model)
    found = LmEval(tasks=tasks, include=(folder,), bootstrap_iters=100, **options).evaluate(speaker)
    return {f.metric: f for f in found.figures}, found, speaker


def test_a_task_gives_every_metric_with_its_values_and_standard_error(model, folder):
    figures, found, speaker = judge(model, folder, "choice", "last_word", "text")
    kinds = {name: (f.unit, f.higher_is_better, f.pseudo) for name, f in figures.items()}
    assert kinds == {
        "lm_eval/choice/acc": ("fraction", True, False),
        "lm_eval/choice/acc_norm": ("fraction", True, False),
        "lm_eval/choice/f1": ("fraction", True, True),
        "lm_eval/last_word/perplexity": ("perplexity", False, True),
        "lm_eval/last_word/acc": ("fraction", True, False),
        "lm_eval/text/word_perplexity": ("perplexity", False, True),
        "lm_eval/text/bits_per_byte": ("score", False, True),
    }
    accuracy = figures["lm_eval/choice/acc"]
    assert accuracy.items == tuple(f"choice/{i}" for i in range(9))
    assert set(accuracy.values) <= {0.0, 1.0}
    assert accuracy.value == pytest.approx(np.mean(accuracy.values))
    assert accuracy.standard_error == pytest.approx(np.std(accuracy.values, ddof=1) / 3)
    assert figures["lm_eval/last_word/perplexity"].standard_error > 0
    assert figures["lm_eval/text/word_perplexity"].standard_error is None  # lm-eval says N/A
    assert "version 1.5, 0-shot, all 9 of 9 documents" in accuracy.about
    assert speaker.told[-1] == (36, 36)  # 9 x 2 choices, 9 last words, 9 texts
    assert found.notes["tasks"]["choice"]["version"] == 1.5
    assert len(found.notes["tasks"]["choice"]["hash"]) == 64


def test_a_group_gives_its_aggregate_and_its_members(model, folder):
    figures, found, _ = judge(model, folder, "pair")
    whole, parts = figures["lm_eval/pair/acc"], [figures[f"lm_eval/{t}/acc"] for t in ("choice", "last_word")]
    assert whole.values == parts[0].values + parts[1].values
    assert whole.value == pytest.approx(np.mean(whole.values))
    assert found.notes["groups"] == {"pair": ["choice", "last_word"]}
    assert whole.clusters == 2 * tuple(f"choice/{i}" for i in range(9))  # both tasks ask of the same documents
    assert parts[0].clusters is None


def test_values_of_a_group_that_weights_tasks_alike_have_its_figure_as_their_mean(model, tmp_path):
    folder = write_tasks(tmp_path / "tasks")
    unequal = "include: last_word.yaml\ntask: few\ndataset_kwargs: {data_files: {test: few.jsonl}}\n"
    group = "group: alike\ntask: [choice, few]\naggregate_metric_list: [{metric: acc, weight_by_size: false}]\n"
    write_tasks(tmp_path / "tasks", few=unequal, alike=group)
    (tmp_path / "tasks" / "few.jsonl").write_text('{"question": "w1 w2", "choices": ["w3"]}\n' * 2)
    figures, _, _ = judge(model, folder, "alike")
    whole, parts = figures["lm_eval/alike/acc"], [figures[f"lm_eval/{t}/acc"].value for t in ("choice", "few")]
    assert whole.value == pytest.approx(np.mean(parts))
    assert np.mean(whole.values) == pytest.approx(whole.value)
    assert len(whole.items) == 11
    assert whole.clusters is None


def test_responses_are_kept_once_and_say_whether_they_ended(model, folder):
    figures, found, _ = judge(model, folder, "speech")
    assert sorted(figures) == ["lm_eval/speech/exact_match.first-word", "lm_eval/speech/exact_match.last-word"]
    assert [g.item for g in found.generations] == [f"speech/{i}" for i in range(9)]
    ends = set(model.tokenizer.convert_tokens_to_ids(["</s>", "w7"]))
    for generation in found.generations:
        prompt = model.tokenizer(generation.prompt, return_tensors="pt").input_ids
        said = model.causal.generate(prompt, max_new_tokens=12, do_sample=False)[0, prompt.shape[1] :]
        assert generation.finished == bool(ends & set(said.tolist()))
    stopped = sum(not g.finished for g in found.generations)
    assert 0 < stopped < 9
    assert found.counted["generations stopped by the length cap"] == stopped
    assert found.notes["tasks"]["speech"]["num_fewshot"] == 1


def test_each_of_several_responses_to_a_prompt_says_whether_it_ended():
    from harness_plugins.evaluators.lm_eval.model import Watch

    watch = Watch(lambda done, total: None)
    watch.ended.extend([True, False, False, True])
    for prompt in ("w1", "w2", "w1", "w1"):
        watch.add_partial("generate_until", (prompt, {"do_sample": True}), "said")
    told = [watch.finished((prompt, {"do_sample": True})) for prompt in ("w1", "w1", "w1", "w2")]
    assert told == [True, False, True, False]


def test_options_over_what_the_task_says(model, folder):
    _, found, _ = judge(model, folder, "speech", limit=2, num_fewshot=3, gen_kwargs={"max_gen_toks": 2})
    noted = found.notes["tasks"]["speech"]
    assert noted["num_fewshot"] == 3
    assert noted["documents"] == {"original": 9, "effective": 2}
    assert noted["generation_kwargs"]["max_gen_toks"] == 2
    assert len(found.generations) == 2
    assert all(len(g.prompt.split()) > len(g.response.split()) for g in found.generations)


def test_without_names_the_tasks_of_the_source_run_from_a_folder_that_is_gone_afterwards(model):
    speaker = Speaker(model, own=("choice",))
    found = LmEval(bootstrap_iters=0).evaluate(speaker)
    assert found.figures[0].metric == "lm_eval/choice/acc"
    assert not speaker.written[0].exists()


def test_a_source_without_tasks_and_a_row_without_a_language_model_skip_the_cell(model):
    with pytest.raises(harness.Unavailable, match="offers no lm-eval task"):
        LmEval().evaluate(Speaker(model))

    class Oracle(Speaker):
        def language_model(self):
            raise harness.Unavailable("the oracle has no language model")

    with pytest.raises(harness.Unavailable, match="no language model"):
        LmEval().evaluate(Oracle(model))


def test_relative_data_files_count_from_the_data_folder(model, folder, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tasks" / "choice.jsonl").rename(tmp_path / "elsewhere" / "choice.jsonl")
    with pytest.raises(harness.HarnessError, match="'choice' cannot be loaded"):
        judge(model, folder, "choice")
    figures, _, _ = judge(model, folder, "choice", data=str(tmp_path / "elsewhere"))
    assert "lm_eval/choice/acc" in figures


def test_an_unknown_name_is_an_error_that_names_the_nearest(model, folder, monkeypatch):
    from harness_plugins.evaluators.lm_eval import tasks

    only_local = tasks.TaskManager(include_path=[folder], include_defaults=False)
    monkeypatch.setattr(tasks, "_with_defaults", lambda folders: only_local)
    with pytest.raises(harness.HarnessError, match="did you mean 'choice'") as raised:
        judge(model, folder, "chioce")
    assert not isinstance(raised.value, harness.Unavailable)


def test_a_task_that_stands_there_twice_is_an_error(model, folder):
    with pytest.raises(harness.HarnessError, match="'choice' stands in `tasks` twice"):
        judge(model, folder, "choice", "pair")


def test_data_out_of_reach_skip_the_cell_with_the_name_of_the_task(model, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    away = "include: choice.yaml\ntask: away\ndataset_path: nobody/nothing\ndataset_kwargs: {}\n"
    folder = write_tasks(tmp_path / "tasks", away=away)
    with pytest.raises(harness.Unavailable, match="the data of the lm-eval task 'away' cannot be had"):
        judge(model, folder, "away")


@pytest.fixture
def odd(folder):
    """A task that asks one question, which has the answers given."""

    def made(*answers):
        (Path(folder) / "odd.jsonl").write_text(json.dumps({"question": "w1", "choices": answers, "gold": 0}))
        task = "include: choice.yaml\ntask: odd\ndataset_kwargs: {data_files: {test: odd.jsonl, train: odd.jsonl}}\n"
        write_tasks(Path(folder), odd=task + "metric_list: [{metric: acc}]\n")

    return made


def test_answers_at_which_lm_eval_stops_skip_the_cell_with_their_number_and_the_first(model, folder, odd):
    odd("w2 w3 w4", "w5", "w2 w3 w5")
    with pytest.raises(harness.Unavailable, match=r"odd: .*, 2 tokens; too long: 2, the first of them ' w2 w3 w4'"):
        judge(model, folder, "odd", model_args={"max_length": 2})
    odd(" ")
    with pytest.raises(harness.Unavailable, match=r"odd: .* tokenizer: 1, the first of them '  ' after 'w1'"):
        judge(model, folder, "odd")


def test_an_answer_without_a_token_that_lm_eval_scores_all_the_same_is_counted(model, folder, odd):
    odd(" ", "w5")  # lm-eval finds the former in the logits of the latter, at a log-prob of 0
    figures, found, _ = judge(model, folder, "odd")
    assert figures["lm_eval/odd/acc"].value == 1
    assert found.counted == {"answers without a token": 1}


def test_texts_that_are_longer_than_the_models_own_context_are_counted(folder):
    small = tiny.language_model("gpt2")
    small.model.config.n_positions = 6
    _, found, _ = judge(small, folder, "last_word", model_args={"max_length": 64})
    assert 0 < found.counted["texts longer than the model's own context"] < 9
    assert "truncated by lm-eval" not in found.counted


def test_no_room_for_a_prompt_beside_the_response_skips_the_cell(model, folder):
    with pytest.raises(harness.Unavailable, match=r"max tokens to generate \(12\).*maximum sequence length \(8\)"):
        judge(model, folder, "speech", model_args={"max_length": 8})


def test_settings_are_kept_as_they_were_used(model, folder):
    _, found, _ = judge(model, folder, "last_word", limit=3)
    settings = found.notes["settings"]
    seeds = {name: seed for name, seed in settings.items() if name.endswith("_seed")}
    assert seeds == {"random_seed": 0, "numpy_seed": 1234, "torch_seed": 1234, "fewshot_seed": 1234}
    assert (settings["limit"], settings["batch_size"], settings["fewshot_as_multiturn"]) == (3, 32, False)
    assert settings["max_length"] == model.model.config.max_position_embeddings
    assert settings["chat_template_sha"] is None
    assert plain(found.notes) == found.notes


def test_its_tasks_bring_their_own_documents_so_that_no_setting_is_chosen_by_them():
    assert not LmEval().follows_split()


def test_a_chat_template_is_used_where_there_is_one(model, folder):
    with pytest.raises(harness.Unavailable, match="no chat template"):
        judge(model, folder, "speech", apply_chat_template=True)
    _, plain, _ = judge(model, folder, "speech", num_fewshot=2)
    try:
        model.tokenizer.chat_template = "{% for m in messages %}[{{m['role']}}] {{m['content']}} {% endfor %}"
        _, turns, _ = judge(model, folder, "speech", num_fewshot=2, apply_chat_template=True)
        _, one, _ = judge(model, folder, "speech", num_fewshot=2, apply_chat_template=True, fewshot_as_multiturn=False)
    finally:
        model.tokenizer.chat_template = None
    counts = [[g.prompt.count("[user]") for g in found.generations] for found in (plain, turns, one)]
    assert counts == [[0] * 9, [3] * 9, [1] * 9]


def test_prompts_that_are_too_long_are_counted(model, folder):
    _, found, _ = judge(model, folder, "choice", num_fewshot=4, model_args={"max_length": 8})
    assert found.counted["truncated by lm-eval"] > 0


def process_wide():
    """What lm-eval changes, or might."""
    logger = logging.getLogger("lm_eval")
    return {
        "random": random.getstate(),
        "numpy": np.random.get_state()[1].tolist(),
        "torch": torch.get_rng_state().tolist(),
        "matmul": torch.get_float32_matmul_precision(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "gradients": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "log": (list(logger.handlers), logger.level, logger.propagate, transformers.logging.get_verbosity()),
        "bars": datasets.is_progress_bar_enabled(),
        "environment": dict(os.environ),
        "folder": Path.cwd(),
        "statistics": lm_eval.api.metrics.bootstrap_stderr,
    }


def test_nothing_of_the_process_changes_and_nothing_is_printed(folder, capfd, odd):
    model = tiny.language_model()
    model.tokenizer.pad_token = None
    odd(" ")
    before = process_wide()
    judge(model, folder, "speech", "last_word", "text")
    with pytest.raises(harness.Unavailable):
        judge(model, folder, "odd")
    assert process_wide() == before
    assert model.tokenizer.pad_token is None
    assert not model.model.training
    assert capfd.readouterr() == ("", "")


def test_figures_do_not_depend_on_what_the_process_was_set_to(model, folder):
    """The response is drawn, so that seeds matter."""
    asked = {"gen_kwargs": {"do_sample": True, "temperature": 1.0}, "num_fewshot": 2}
    _, before, _ = judge(model, folder, "speech", **asked)
    with torch.random.fork_rng():
        torch.manual_seed(77)
        torch.rand(5)
        _, after, _ = judge(model, folder, "speech", **asked)
    assert [g.response for g in after.generations] == [g.response for g in before.generations]
    assert len({g.response for g in before.generations}) > 1


def test_figures_do_not_depend_on_an_earlier_evaluation(model, folder):
    first, second = (judge(model, folder, "last_word", "speech")[0] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"include": ["tasks"]}, "tasks are not named"),
        ({"tasks": ["tasks/choice.yaml"]}, "a path"),
        ({"limit": 0}, "limit is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"num_fewshot": -1}, "num_fewshot is -1"),
        ({"fewshot_as_multiturn": True}, "needs apply_chat_template"),
        ({"model_args": {"pretrained": "gpt2"}}, "model_args has 'pretrained'"),
    ],
)
def test_options_out_of_range_are_refused(options, fault):
    with pytest.raises(harness.HarnessError, match=fault):
        configure(LmEval, options, registry=host.load([]))


def test_no_figure_is_made_of_what_is_not_finite(model, tmp_path):
    broken = (
        "include: choice.yaml\ntask: broken\nprocess_results: !function broken.nothing\nmetric_list: [{metric: acc}]\n"
    )
    folder = write_tasks(tmp_path / "tasks", broken=broken)
    (tmp_path / "tasks" / "broken.py").write_text("def nothing(doc, results):\n    return {'acc': float('nan')}\n")
    with contextlib.suppress(KeyError), pytest.raises(harness.HarnessError, match="no finite figure"):
        judge(model, folder, "broken")
    figures, found, _ = judge(model, folder, "broken", "choice")
    assert all(math.isfinite(f.value) for f in figures.values())
    assert found.counted["metrics without a finite number"] == 1
