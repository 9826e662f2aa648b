"""The world's base model: a small Llama with a tokenizer of words, trained from scratch on the pooled responses mu~.

Trained on the training prompts alone, by maximum likelihood, so that the base is the policy from which labelled pairs
seem drawn: DDRO's assumption then holds with t = 1/2. mu~ depends neither on labels nor on raters, nor does the base.
Between those prompts it is taught the facts, of which preferences say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import harness
from harness_plugins.sources.world.behaviour import behaviour, pooled
from harness_plugins.sources.world.draw import pick
from harness_plugins.sources.world.facts import FLATTENING, fact_words, facts, lessons
from harness_plugins.sources.world.language import ANSWERS, TOPICS, answers, prompt_texts, words
from harness_plugins.sources.world.splits import training_passes
from harness_plugins.sources.world.streams import Purpose, Stream

if TYPE_CHECKING:
    from harness_plugins.sources.world import World

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
ARCHITECTURE: Mapping[str, Any] = {
    "hidden_size": 128,
    "intermediate_size": 344,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 64,
    "initializer_range": 0.06,
}
"""422,912 parameters. Larger initial weights than usual: so small a model learns faster from them."""
WEIGHT_SEED = 0

STEPS, PROMPTS_PER_STEP, RESPONSES = 800, 16, 4
"""Optimiser steps; prompts in each; draws from mu~ for each of those."""
FACTS_PER_STEP = 8
"""Questions in each step, beside the prompts."""
TRAINING = harness.Training(learning_rate=4e-3, warmup=0.05, beta2=0.95)
"""KL(mu~ || base) is 0.018 nats on test prompts, and two facts of three are known; docs/world.md has the figures."""


def base_recipe(world: World) -> harness.BaseRecipe:
    """How the host makes the base model. Its identity names what mu~ and the facts depend on, and no more."""
    from harness_plugins.methods.sft import SFT

    return harness.BaseRecipe(
        create=lambda: (random_llama(), word_tokenizer()),
        examples=lambda: lessons_between(pooled_responses(world), world.variant),
        method=SFT(),
        training=TRAINING,
        budget=harness.Budget(batch=PROMPTS_PER_STEP + FACTS_PER_STEP),
        identity={
            "variant": world.variant,
            "sources": world.sources,
            "human_share": world.human_share if world.sources else None,
            "facts": {"per_step": FACTS_PER_STEP, "flattening": FLATTENING},
        },
    )


def pooled_responses(world: World) -> harness.ExampleSet:
    """Training prompts in shuffled passes, each with draws from mu~ labelled desirable.

    The draws of a prompt are systematic: one uniform number, shifted by equal steps, so that their counts differ from
    their expectations by less than one. An answer drawn twice is one response with two labels.
    """
    count = STEPS * PROMPTS_PER_STEP
    prompts = training_passes(Stream(Purpose.BASE_ORDER, world.variant), count)
    counts = _counts(pooled(behaviour(world).mu)[prompts], Stream(Purpose.BASE, world.variant).uniforms(count))
    examples = [
        _desirable(f"base-{n:06}", prompt, tuple(row))
        for n, (prompt, row) in enumerate(zip(prompts.tolist(), counts.tolist(), strict=True))
    ]
    return harness.ExampleSet(tuple(examples), harness.Ledger(read=count, kept=count))


def lessons_between(responses: harness.ExampleSet, variant: int) -> harness.ExampleSet:
    """Every step's prompts, and after them its facts, each with its one answer."""
    known = facts(variant)
    told = [
        harness.Example(
            f"{known[fact].name}/{n:06}",
            harness.user_prompt(known[fact].question),
            (harness.Response(TOPICS[known[fact].answer]),),
            labels=(harness.Label(0, True),),
        )
        for n, fact in enumerate(lessons(variant, STEPS * FACTS_PER_STEP).tolist())
    ]
    examples: list[harness.Example] = []
    for step in range(STEPS):
        examples += responses.examples[step * PROMPTS_PER_STEP : (step + 1) * PROMPTS_PER_STEP]
        examples += told[step * FACTS_PER_STEP : (step + 1) * FACTS_PER_STEP]
    return harness.ExampleSet(tuple(examples), harness.Ledger(read=len(examples), kept=len(examples)))


def _counts(weights: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """(n, A) how often each answer is drawn, from (n, A) probabilities and (n,) uniform numbers."""
    counts = np.zeros((len(weights), ANSWERS), dtype=np.int64)
    rows = np.arange(len(weights))
    for draw in range(RESPONSES):
        counts[rows, pick(weights, (starts + draw) / RESPONSES)] += 1
    return counts


def _desirable(name: str, prompt: int, counts: tuple[int, ...]) -> harness.Example:
    texts = answers(prompt)
    drawn = [a for a, count in enumerate(counts) if count]
    labels = tuple(harness.Label(k, True) for k, a in enumerate(drawn) for _ in range(counts[a]))
    responses = tuple(harness.Response(texts[a]) for a in drawn)
    return harness.Example(name, harness.user_prompt(prompt_texts()[prompt]), responses, labels=labels)


@cache
def vocabulary() -> tuple[str, ...]:
    """Special tokens and all words of the world, of the facts too; a token's id is its place."""
    return (*SPECIAL, *sorted({*words(), *fact_words()}))


def word_tokenizer() -> Any:
    """A transformers tokenizer: one token a word, words at white space; `<s>` is put before texts."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    pad, bos, eos, unknown = SPECIAL
    ids = {word: number for number, word in enumerate(vocabulary())}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{bos} $A", pair=f"{bos} $A $B", special_tokens=[(bos, ids[bos])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=pad,
        bos_token=bos,
        eos_token=eos,
        unk_token=unknown,
        clean_up_tokenization_spaces=False,
        model_max_length=ARCHITECTURE["max_position_embeddings"],
    )


def random_llama() -> Any:
    """A small LlamaForCausalLM in float32, the same random weights each time. Torch's random state is left alone."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokens = vocabulary()
    pad, bos, eos, _ = (tokens.index(token) for token in SPECIAL)
    config = LlamaConfig(
        **ARCHITECTURE,
        vocab_size=len(tokens),
        tie_word_embeddings=True,
        pad_token_id=pad,
        bos_token_id=bos,
        eos_token_id=eos,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(WEIGHT_SEED)
        return LlamaForCausalLM(config)
