"""Random models and random preferences: work of a stated size that needs no network and no data."""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

SPECIAL = ("<pad>", "<unk>", "</s>")


@dataclass(frozen=True)
class Shape:
    """A model's size. The defaults are the Llama that design and acceptance name."""

    family: Literal["llama", "gpt-neox"] = "llama"
    layers: int = 6
    hidden: int = 256
    mlp: int = 688
    heads: int = 8
    vocab: int = 8192
    """Tokens; input and output embeddings are not tied."""
    context: int = 4096
    """Tokens: the longest input."""


DEFAULT = Shape()


def add_shape(parser: argparse.ArgumentParser) -> None:
    """Flags for a model's size; `shape_of` reads them."""
    parser.add_argument("--family", choices=("llama", "gpt-neox"), default=DEFAULT.family)
    for name in ("layers", "hidden", "heads", "vocab"):
        parser.add_argument(f"--{name}", type=int, help=f"default: {getattr(DEFAULT, name):,}")
    parser.add_argument("--mlp", type=int, help="default: 8/3 of hidden (gpt-neox: 4 times), to the next 16")


def shape_of(asked: argparse.Namespace, **defaults: int) -> Shape:
    """The model asked for; what the flags leave open is as in `defaults`, else that of `Shape`."""
    given: dict[str, Any] = vars(asked)
    sizes: dict[str, int] = {
        name: int(given[name] or defaults.get(name) or getattr(DEFAULT, name))
        for name in ("layers", "hidden", "heads", "vocab")
    }
    wide = sizes["hidden"] * (4 if asked.family == "gpt-neox" else 8 / 3)
    return Shape(family=asked.family, mlp=asked.mlp or -16 * int(-wide // 16), **sizes)


@dataclass(frozen=True)
class Pairs:
    """How many preferences, and how long: lengths vary by half around the mean, evenly."""

    count: int
    prompt: int
    """Tokens, mean."""
    response: int
    """Tokens, mean, the end-of-sequence token included."""
    responses: int = 2
    """Per prompt; the first is preferred to the second."""


def write_model(shape: Shape, folder: Path, seed: int = 0) -> None:
    """A model with random weights and its tokenizer, as transformers writes them."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    from harness.engine.loading import write_weights

    logging.disable_progress_bar()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = AutoModelForCausalLM.from_config(config(shape), dtype=torch.float32)
    write_weights(model, folder)
    tokenizer(shape).save_pretrained(str(folder))


PYTHIA: dict[str, Any] = {"rotary_pct": 0.25, "hidden_dropout": 0.0, "attention_dropout": 0.0}


def config(shape: Shape) -> Any:
    """The configuration of transformers."""
    from transformers import GPTNeoXConfig, LlamaConfig

    common: dict[str, Any] = {
        "vocab_size": shape.vocab,
        "hidden_size": shape.hidden,
        "intermediate_size": shape.mlp,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "max_position_embeddings": shape.context,
        "tie_word_embeddings": False,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 2,
    }
    if shape.family == "gpt-neox":  # as Pythia has it, without dropout
        return GPTNeoXConfig(**common, **PYTHIA)
    return LlamaConfig(**common, attention_dropout=0.0)


def parameters(shape: Shape) -> int:
    """Weights of the model, embeddings included."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        return sum(p.numel() for p in AutoModelForCausalLM.from_config(config(shape)).parameters())


def tokenizer(shape: Shape) -> Any:
    """A tokenizer of the words w0, w1, ...; one token a word, and none before a text."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = [*SPECIAL, *(f"w{i}" for i in range(shape.vocab - len(SPECIAL)))]
    made = Tokenizer(models.WordLevel({word: i for i, word in enumerate(known)}, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token="</s>", pad_token="<pad>", unk_token="<unk>", model_max_length=shape.context
    )


Row = tuple[str, list[str]]
"""A prompt and its responses, as text; the end-of-sequence token is not in it."""


def draw_pairs(pairs: Pairs, shape: Shape, seed: int = 0) -> list[Row]:
    """The preferences, as text."""
    source = random.Random(seed)
    words = shape.vocab - len(SPECIAL)

    def text(mean: int, ending: int) -> str:
        length = source.randint(max(1, round(0.5 * mean)), max(1, round(1.5 * mean))) - ending
        return " ".join(f"w{source.randrange(words)}" for _ in range(max(0, length)))

    return [
        (text(pairs.prompt, 0), [text(pairs.response, 1) for _ in range(pairs.responses)]) for _ in range(pairs.count)
    ]


def write_work(shape: Shape, pairs: Pairs, folder: Path, seed: int = 0) -> None:
    """Model and preferences, for both sides to read."""
    write_model(shape, folder / "model", seed)
    made = {"shape": asdict(shape), "pairs": asdict(pairs), "rows": draw_pairs(pairs, shape, seed)}
    (folder / "work.json").write_text(json.dumps(made))


def read_rows(folder: Path) -> list[Row]:
    """The preferences of a folder that `write_work` made."""
    return [(prompt, responses) for prompt, responses in json.loads((folder / "work.json").read_text())["rows"]]


Ids = Sequence[Sequence[int]]
"""Token ids of an example: those of its prompt, then those of each response."""


def token_counts(examples: Sequence[Ids]) -> dict[str, Any]:
    """What a side trained on: tokens of prompts and of responses, and a digest of all ids in their order."""
    plain = [[list(map(int, part)) for part in example] for example in examples]
    return {
        "prompt_tokens": sum(len(example[0]) for example in plain),
        "response_tokens": sum(len(part) for example in plain for part in example[1:]),
        "digest": hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:16],
    }


def plain_logps(model: Any, examples: Sequence[Ids]) -> list[list[float]]:
    """Nats per response, by transformers' own forward pass: one row at a time, float32, no padding."""
    import torch

    model.eval()
    device = next(model.parameters()).device
    found: list[list[float]] = []
    with torch.no_grad():
        for prompt, *responses in examples:
            found.append([])
            for response in responses:
                ids = torch.tensor([[*prompt, *response]], device=device)
                states = model.base_model(input_ids=ids, use_cache=False).last_hidden_state[0, len(prompt) - 1 : -1]
                logits = model.get_output_embeddings()(states).float()
                picked = logits.log_softmax(-1).gather(1, ids[0, len(prompt) :, None])
                found[-1].append(float(picked.double().sum()))
    return found
