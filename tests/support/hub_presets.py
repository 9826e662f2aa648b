"""Data sets with the layout and the columns of those that the `hub` source knows by name, and made-up rows."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from loopback_hub import LoopbackHub

Rows = Sequence[dict[str, Any]]

SUBJECTS = ("ice", "rain", "the moon", "a river", "bread", "an owl", "copper", "a violin", "the tide", "a beetle")
ASPECTS = ("helpfulness", "honesty", "instruction_following", "truthfulness")
MODELS = ("gpt-4", "llama-2-13b-chat", "falcon-40b-instruct", "alpaca-7b", "wizardlm-7b")


def publish_presets(hub: LoopbackHub, prompts: int = 60) -> dict[str, str]:
    """All data sets that have a preset, with this many training prompts and a quarter as many for tests.

    Returns:
        The commit of each, by its id.
    """
    made = {
        "HuggingFaceH4/ultrafeedback_binarized": ultrafeedback_binarized(prompts),
        "Anthropic/hh-rlhf": hh_rlhf(prompts),
        "trl-lib/kto-mix-14k": kto_mix(prompts),
        "openbmb/UltraFeedback": ultrafeedback(prompts),
    }
    return {name: hub.publish("dataset", name, files) for name, files in made.items()}


def question(i: int) -> str:
    return f"Question {i}: what can you tell me about {SUBJECTS[i % len(SUBJECTS)]}?"


def answer(i: int, good: bool) -> str:
    subject = SUBJECTS[i % len(SUBJECTS)]
    return f"A good deal about {subject}: here are {i + 2} facts." if good else f"Nothing about {subject} ({i})."


def ultrafeedback_binarized(prompts: int) -> dict[str, bytes]:
    """Six splits in Parquet files, which the card names."""

    def rows(first: int, count: int) -> Rows:
        found: list[dict[str, Any]] = []
        for i in range(first, first + count):
            asked = {"content": question(i), "role": "user"}
            chosen, rejected = ([asked, {"content": answer(i, good), "role": "assistant"}] for good in (True, False))
            found.append({
                "prompt": question(i),
                "prompt_id": f"{i:064x}",
                "chosen": chosen,
                "rejected": rejected,
                "messages": chosen,
                "score_chosen": 8.5,
                "score_rejected": 3.0 + i % 5,
            })  # fmt: skip
        return found

    test = max(prompts // 4, 1)
    sizes = {"train_prefs": prompts, "train_sft": 2, "test_prefs": test, "test_sft": 2, "train_gen": 2, "test_gen": 2}
    files = {"README.md": card({split: f"data/{split}-*" for split in sizes})}
    for split, count in sizes.items():
        first = 10_000 if split.startswith("test") else 0
        files[f"data/{split}-00000-of-00001.parquet"] = parquet(rows(first, count))
    return files


def hh_rlhf(prompts: int) -> dict[str, bytes]:
    """Gzipped JSON lines of transcripts, in a folder for each collection, whose splits only the names tell."""
    folders = ("harmless-base", "helpful-base", "helpful-online", "helpful-rejection-sampled")
    files = {"README.md": b"---\nlicense: mit\ntags:\n- human-feedback\n---\n# Dataset Card for HH-RLHF\n"}

    def row(i: int) -> dict[str, Any]:
        asked = f"\n\nHuman: {question(i)}\n\nAssistant: Which part of it?\n\nHuman: All of it.\n\nAssistant:"
        return {"chosen": f"{asked} {answer(i, True)}", "rejected": f"{asked} {answer(i, False)}"}

    for k, folder in enumerate(folders):
        for split, first, count in (("train", 0, prompts), ("test", 10_000, max(prompts // 4, 1))):
            rows = [row(first + i) for i in range(count) if i % len(folders) == k]
            files[f"{folder}/{split}.jsonl.gz"] = gzip.compress(lines(rows), mtime=0)
    red_team = [{"transcript": "\n\nHuman: Hi\n\nAssistant: Hello", "rating": 2.0, "tags": None}]
    files["red-team-attempts/red_team_attempts.jsonl.gz"] = gzip.compress(lines(red_team), mtime=0)
    return files


def kto_mix(prompts: int) -> dict[str, bytes]:
    """Two Parquet files of unpaired labels; prompt and completion are lists of messages."""

    def rows(first: int, count: int) -> Rows:
        return [
            {
                "prompt": [{"content": question(first + i), "role": "user"}],
                "completion": [{"content": answer(first + i, i % 2 == 0), "role": "assistant"}],
                "label": i % 2 == 0,
            }
            for i in range(count)
        ]

    files = {"README.md": card({split: f"data/{split}-*" for split in ("train", "test")})}
    files["data/train-00000-of-00001.parquet"] = parquet(rows(0, prompts))
    files["data/test-00000-of-00001.parquet"] = parquet(rows(10_000, max(prompts // 4, 2)))
    return files


def ultrafeedback(prompts: int) -> dict[str, bytes]:
    """JSON lines, a file for each collection of prompts, four judged completions a prompt."""
    sources = ("evol_instruct", "false_qa", "flan", "sharegpt", "truthful_qa", "ultrachat")

    def completion(i: int, k: int) -> dict[str, Any]:
        ratings = [1 + (i + k + a) % 5 for a in range(len(ASPECTS))]
        judged = {name: {"Rating": str(r), "Rationale": "Because."} for name, r in zip(ASPECTS, ratings, strict=True)}
        return {
            "annotations": judged,
            "custom_system_prompt": "As a helpful assistant, answer.",
            "model": MODELS[(i + k) % len(MODELS)],
            "principle": "helpfulness",
            "response": f"{answer(i, k % 2 == 0)} Draft {k}.",
            "critique": "It could be better.",
            "fine-grained_score": sum(ratings) / len(ratings),
            "overall_score": float(1 + (i + k) % 10),
        }

    files = {"README.md": b"---\nlicense: mit\n---\n# UltraFeedback\n"}
    for s, source in enumerate(sources):
        rows = [
            {
                "source": source,
                "instruction": question(i),
                "models": [MODELS[(i + k) % len(MODELS)] for k in range(4)],
                "completions": [completion(i, k) for k in range(4)],
                "correct_answers": ["None"],
                "incorrect_answers": ["None"],
            }
            for i in range(s, prompts, len(sources))
        ]
        files[f"{source}.jsonl"] = lines(rows)
    return files


def card(splits: dict[str, str]) -> bytes:
    """A README that names the files of the default config's splits."""
    listed = "".join(f'  - split: {split}\n    path: "{path}"\n' for split, path in splits.items())
    return f"---\nconfigs:\n- config_name: default\n  data_files:\n{listed}---\n# A data set\n".encode()


def lines(rows: Rows) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def parquet(rows: Rows) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows)), sink)
    return sink.getvalue()


def save(files: dict[str, bytes], folder: Path) -> Path:
    """These files on disk."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
