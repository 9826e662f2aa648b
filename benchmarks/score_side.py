"""A way to score held-out responses, in a fresh process: the engine, a padded batch, or transformers' prompt cache."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from engine_side import example_set
from fresh_process import Clock, answer, peak_memory
from random_work import Row, read_rows


def score(given: Mapping[str, Any]) -> dict[str, Any]:
    """Nats of every response of `given["folder"]` by `given["way"]`; the clock runs from text to numbers."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = Path(given["folder"])
    rows = read_rows(folder)
    found: dict[str, Any] = {}
    if given["way"] == "engine":
        ways = {"engine": _engine(given, found)}
    else:
        if given["matmul"]:
            torch.set_float32_matmul_precision(given["matmul"])
        device = "cuda" if torch.cuda.is_available() else "cpu"
        model: Any = AutoModelForCausalLM.from_pretrained(str(folder / "model"), dtype=torch.float32)
        model = model.to(device).eval()
        tokenizer = AutoTokenizer.from_pretrained(str(folder / "model"))
        ways = _ways(model, tokenizer, given)
    loaded = peak_memory()["peak_rss_gb"]
    runs: dict[str, dict[str, float]] = {}
    logps: list[list[float]] = []
    with torch.inference_mode():
        for name, way in ways.items():
            clocks = [Clock() for _ in range(PASSES)]
            for clock in clocks:
                with clock:
                    logps = way(rows)
            clock = min(clocks, key=lambda one: one.seconds)
            runs[name] = {"seconds": clock.seconds, "cpu_seconds": clock.cpu_seconds}
    best = min(runs, key=lambda name: runs[name]["seconds"])
    return {"best": best, "runs": runs, **runs[best], **peak_memory(), "loaded_gb": loaded, "logps": logps, **found}


PASSES = 2
"""Of every way, the faster counts: the first prepares the libraries' products."""

Way = Callable[[Sequence[Row]], list[list[float]]]


def _engine(given: Mapping[str, Any], found: dict[str, Any]) -> Way:
    from harness.engine.language_model import engine_facts
    from harness.engine.loading import load
    from harness.engine.machine import machine
    from harness.training import Tokens

    model = load(Path(given["folder"]) / "model", Tokens(template="plain", max=given["longest"]))
    machine()  # the start-up probe, which is kept per machine
    found["engine"] = engine_facts(model)
    return lambda rows: [total.tolist() for total, _ in model.logps(example_set(rows, labels=False).examples)]


def _ways(model: Any, tokenizer: Any, given: Mapping[str, Any]) -> dict[str, Way]:
    def padded(size: int) -> Way:
        return lambda rows: _padded(model, tokenizer, rows, size)

    if given["way"] == "padded":
        return {f"batches of {size}": padded(size) for size in given["batches"]}
    return {"one prompt at a time": lambda rows: _cached(model, tokenizer, rows)}


def _ids(tokenizer: Any, rows: Sequence[Row]) -> list[tuple[list[int], list[list[int]]]]:
    ends = [tokenizer.eos_token_id]
    return [(tokenizer(p)["input_ids"], [tokenizer(r)["input_ids"] + ends for r in responses]) for p, responses in rows]


def _padded(model: Any, tokenizer: Any, rows: Sequence[Row], size: int) -> list[list[float]]:
    """Prompt and response as one row, rows padded to the longest of their batch, logits everywhere."""
    import torch

    ids = _ids(tokenizer, rows)
    flat = [(prompt, response) for prompt, responses in ids for response in responses]
    values: list[float] = []
    for start in range(0, len(flat), size):
        batch = flat[start : start + size]
        tokens, seen = _pad([prompt + response for prompt, response in batch], model.device)
        logits = model(input_ids=tokens, attention_mask=seen, use_cache=False).logits[:, :-1].float()
        picked = logits.log_softmax(-1).gather(2, tokens[:, 1:, None])[:, :, 0]
        places = torch.arange(1, tokens.shape[1], device=model.device)
        first, last = (torch.tensor(edge, device=model.device)[:, None] for edge in _edges(batch))
        values += torch.where((places >= first) & (places < last), picked, 0.0).sum(1).tolist()
    return _grouped(values, rows)


def _cached(model: Any, tokenizer: Any, rows: Sequence[Row]) -> list[list[float]]:
    """A prompt once, its keys and values repeated for its responses, which are padded to the longest of them."""
    import torch

    values: list[list[float]] = []
    for prompt, responses in _ids(tokenizer, rows):
        start = model(input_ids=torch.tensor([prompt], device=model.device), use_cache=True, logits_to_keep=1)
        cache = start.past_key_values
        cache.batch_repeat_interleave(len(responses))
        tokens, seen = _pad(responses, model.device)
        before = seen.new_ones(len(responses), len(prompt))
        mask = torch.cat([before, seen], 1)[:, :-1]
        after = model(input_ids=tokens[:, :-1], attention_mask=mask, past_key_values=cache, use_cache=True).logits
        logits = torch.cat([start.logits.expand(len(responses), -1, -1), after], 1).float()
        picked = logits.log_softmax(-1).gather(2, tokens[:, :, None])[:, :, 0]
        values.append(torch.where(seen.bool(), picked, 0.0).sum(1).tolist())
    return values


def _pad(rows: Sequence[Sequence[int]], device: Any) -> tuple[Any, Any]:
    import torch

    longest = max(map(len, rows))
    tokens = torch.tensor([[*row, *[0] * (longest - len(row))] for row in rows], device=device)
    seen = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows], device=device)
    return tokens, seen


def _edges(batch: Sequence[tuple[list[int], list[int]]]) -> tuple[list[int], list[int]]:
    """Where each row's response begins, and where it ends."""
    return [len(p) for p, _ in batch], [len(p) + len(r) for p, r in batch]


def _grouped(values: Sequence[float], rows: Sequence[Row]) -> list[list[float]]:
    found: list[list[float]] = []
    at = 0
    for _, responses in rows:
        found.append(list(values[at : at + len(responses)]))
        at += len(responses)
    return found


if __name__ == "__main__":
    answer(score)
