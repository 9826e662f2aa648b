"""How fast responses are written, against transformers' `generate`, with the same tokens as its outcome.

    python benchmarks/generate_vs_hf.py --batch 64 --prompt 12 --tokens 32 --json

A small random Llama in float32 answers random prompts greedily. Both sides are given the same prompts and stop a row
at the end token or after `--tokens`; they take turns, in one process. Tokens up to a row's end count. Where greedy
responses differ, the first place at which they do is a near tie, or the two do not agree: the difference of the two
tokens' log-probs there is printed, by a plain forward pass. Exit code 1 if they do not agree.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from report import engine_line, parser, show, table
from tokenizers import Tokenizer, models
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from harness.engine.language_model import LanguageModel, engine_facts
from harness.engine.loading import wrap
from harness.engine.sampler import answers
from harness.training import Tokens

PAD, END = 0, 2
TIE = 1e-4
"""Nats: closer log-probs than that are a tie, which rounding decides."""
Responses = list[tuple[int, ...]]


def main() -> int:
    """Measure, print, and say by the exit code whether the outputs agree."""
    asked = _arguments()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    model = random_llama(asked)
    prompts = random_prompts(asked)
    sides: dict[str, Callable[[], Responses]] = {
        "harness": lambda: [a.tokens for a in answers(model, prompts, max_tokens=asked.tokens)],
        "generate": lambda: generate(model, prompts, asked.tokens),
    }
    outputs = {name: side() for name, side in sides.items()}  # also warms both up
    rates: dict[str, list[float]] = {name: [] for name in sides}
    clock = time.process_time if asked.cpu_seconds else time.perf_counter
    for _ in range(asked.rounds):
        for name, side in sides.items():
            start = clock()
            found = side()
            rates[name].append(sum(map(len, found)) / (clock() - start))
    gap = largest_gap(model, prompts, outputs["harness"], outputs["generate"])
    report = {
        "ratio": statistics.median(rates["harness"]) / statistics.median(rates["generate"]),
        "identical": outputs["harness"] == outputs["generate"],
        "agree": gap <= TIE,
        "gap_nats": gap,
        **{f"{name}_tokens_per_second": _figures(found) for name, found in rates.items()},
        "engine": engine_facts(model),
    }
    show(report, asked, _shown(report))
    return 0 if report["agree"] else 1


def random_llama(asked: argparse.Namespace) -> LanguageModel:
    """Weights large enough that responses differ from prompt to prompt; a tokenizer of numbers."""
    torch.manual_seed(0)
    context = asked.prompt + asked.tokens + 1
    config = LlamaConfig(
        hidden_size=asked.hidden,
        intermediate_size=asked.mlp,
        num_hidden_layers=asked.layers,
        num_attention_heads=asked.heads,
        vocab_size=asked.vocab,
        max_position_embeddings=context,
        initializer_range=0.06,
        pad_token_id=PAD,
        bos_token_id=1,
        eos_token_id=END,
    )
    words = {"<pad>": PAD, "<s>": 1, "</s>": END, "<unk>": 3, **{f"w{i}": i for i in range(4, asked.vocab)}}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="<unk>")),
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
    )
    return wrap(LlamaForCausalLM(config), tokenizer, Tokens(max=context, min_prompt=1))


def random_prompts(asked: argparse.Namespace) -> list[tuple[int, ...]]:
    """Lengths between three quarters of `--prompt` and `--prompt`."""
    generator = torch.Generator().manual_seed(1)
    lengths = torch.randint(max(1, 3 * asked.prompt // 4), asked.prompt + 1, (asked.batch,), generator=generator)
    return [tuple(torch.randint(4, asked.vocab, (int(n),), generator=generator).tolist()) for n in lengths]


def generate(model: LanguageModel, prompts: Sequence[tuple[int, ...]], tokens: int) -> Responses:
    """By transformers, all prompts in one batch, padded on the left."""
    longest = max(map(len, prompts))
    rows = torch.tensor([[PAD] * (longest - len(p)) + list(p) for p in prompts])
    seen = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    device = model.device
    with torch.no_grad():
        found = model.causal.generate(
            input_ids=rows.to(device), attention_mask=seen.to(device), max_new_tokens=tokens, do_sample=False
        )
    return [_ended(row) for row in found[:, longest:].tolist()]


def largest_gap(model: LanguageModel, prompts: Sequence[tuple[int, ...]], ours: Responses, theirs: Responses) -> float:
    """Nats: how much likelier one side's token is where two responses first differ, at most; 0 where none do."""
    worst = 0.0
    for prompt, a, b in zip(prompts, ours, theirs, strict=True):
        if a == b:
            continue
        place = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
        if place is None:
            return float("inf")
        with torch.no_grad():
            logits: Any = model.causal(input_ids=torch.tensor([[*prompt, *a[:place]]], device=model.device)).logits
        logps = logits[0, -1].double().log_softmax(-1)
        worst = max(worst, abs(float(logps[a[place]] - logps[b[place]])))
    return worst


def _ended(row: list[int]) -> tuple[int, ...]:
    return tuple(row[: row.index(END) + 1] if END in row else row)


def _figures(rates: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(rates), "least": min(rates), "most": max(rates)}


def _shown(found: dict[str, Any]) -> list[Any]:
    rows = [
        (name, *(round(rate) for rate in found[f"{name}_tokens_per_second"].values()))
        for name in ("harness", "generate")
    ]
    words = "identical" if found["identical"] else f"differ first at ties of {found['gap_nats']:.1g} nats at most"
    return [
        table("tokens per second", ("", "median", "least", "most"), rows),
        f"ratio {found['ratio']:.2f}; outputs: {words}",
        engine_line(found["engine"]),
    ]


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    numbers = {
        "batch": (64, "prompts side by side"),
        "prompt": (12, "tokens of the longest prompt"),
        "tokens": (32, "tokens of a response, at most"),
        "layers": (4, "of the model"),
        "hidden": (128, "width of the model"),
        "mlp": (344, "width inside its feed-forward layers"),
        "heads": (4, "of attention"),
        "vocab": (600, "tokens it knows"),
        "rounds": (7, "of both sides in turn; the median counts"),
        "threads": (0, "of torch; 0 for its default"),
    }
    for name, (default, words) in numbers.items():
        made.add_argument(f"--{name}", type=int, default=default, metavar="N", help=f"{words} ({default})")
    made.add_argument("--cpu-seconds", action="store_true", help="count this process's CPU seconds, on a busy machine")
    return made.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
