"""TRL's side of a comparison, in a fresh process: its own trainer, told to do the same work."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine_side import CHECKED
from fresh_process import Clock, answer, peak_memory
from random_work import Row, plain_logps, read_rows, token_counts


def train(given: Mapping[str, Any]) -> dict[str, Any]:
    """Train on the work of `given["folder"]`. Its clock starts where its data set is tokenized and its two models are
    loaded: at the reference pass, if that is made beforehand, and at the first step otherwise.
    """
    import torch
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoTokenizer

    disable_progress_bars()
    if given["matmul"]:
        torch.set_float32_matmul_precision(given["matmul"])
    folder = Path(given["folder"])
    shown = labelled_rows if given["method"] == "kto" else paired_rows
    rows = shown(read_rows(folder), given["batch"])
    with tempfile.TemporaryDirectory() as place:
        made = trainer(given, place, Dataset.from_list(rows), AutoTokenizer.from_pretrained(str(folder / "model")))
        loaded = peak_memory()
        with Clock() as whole:
            result = made.train()
        peak = peak_memory()
    reference = made.reference_clock.seconds
    seen = _seen(made.train_dataset, given)
    torch.set_float32_matmul_precision("highest")
    return {
        "seconds": whole.seconds + reference,
        "cpu_seconds": whole.cpu_seconds + made.reference_clock.cpu_seconds,
        "reference_seconds": reference or None,
        **peak,
        "loaded_gb": loaded["peak_rss_gb"],
        "loss": result.training_loss,
        "steps": made.state.global_step,
        "tokens": token_counts(seen),
        "logps": plain_logps(made.accelerator.unwrap_model(made.model), seen[:CHECKED]),
    }


def paired_rows(rows: Sequence[Row], batch: int) -> list[dict[str, Any]]:
    """As DPO reads them. The end-of-sequence token is added by TRL."""
    del batch
    return [{"prompt": p + " ", "chosen": chosen, "rejected": rejected} for p, (chosen, rejected) in rows]


def labelled_rows(rows: Sequence[Row], batch: int) -> list[dict[str, Any]]:
    """As KTO reads them. TRL puts every response of a step to the next row's prompt, so those of one prompt, the
    desirable one and the other, are kept half a step apart: none is put to the prompt that it answers.
    """
    made: list[dict[str, Any]] = []
    for start in range(0, len(rows), batch // 2):
        for side in (0, 1):
            made += [
                {"prompt": prompt + " ", "completion": responses[side], "label": side == 0}
                for prompt, responses in rows[start : start + batch // 2]
            ]
    return made


def _seen(rows: Sequence[Mapping[str, Any]], given: Mapping[str, Any]) -> list[list[list[int]]]:
    """Token ids per example: its prompt, what is preferred, what is not."""
    if given["method"] != "kto":
        return [[r["prompt_ids"], r["chosen_ids"], r["rejected_ids"]] for r in rows]
    half = given["batch"] // 2
    found: list[list[list[int]]] = []
    for start in range(0, len(rows), 2 * half):
        step = [rows[i] for i in range(start, min(start + 2 * half, len(rows)))]
        count = len(step) // 2
        for good, bad in zip(step[:count], step[count:], strict=True):
            found.append([good["prompt_ids"], good["completion_ids"], bad["completion_ids"]])
    return found


def trainer_and_config(method: str) -> tuple[Any, Any]:
    """TRL's two classes for "dpo" or "kto"."""
    trl: Any = importlib.import_module("trl")
    return (trl.KTOTrainer, trl.KTOConfig) if method == "kto" else (trl.DPOTrainer, trl.DPOConfig)


def trainer(given: Mapping[str, Any], place: str, data: Any, tokenizer: Any) -> Any:
    """TRL's trainer; `reference_clock` holds what a reference pass before training took."""
    clock = Clock()
    kind, settings = trainer_and_config(given["method"])

    class Timed(kind):
        reference_clock = clock

        def _precompute_ref_logps(self, *asked: Any, **named: Any) -> Any:
            with clock:
                return super()._precompute_ref_logps(*asked, **named)

    options = settings(
        output_dir=place,
        per_device_train_batch_size=given["batch"],
        gradient_accumulation_steps=1,
        num_train_epochs=1,
        learning_rate=given["learning_rate"],
        lr_scheduler_type="constant",
        max_length=given["longest"],
        train_sampling_strategy="sequential",
        bf16=given["dtype"] == "bf16",
        use_cpu=given["device"] == "cpu",
        gradient_checkpointing=given["checkpointing"],
        precompute_ref_log_probs=given["precompute"],
        seed=given["seed"],
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        **given["trl"],
    )
    return Timed(
        model=str(Path(given["folder"]) / "model"), args=options, train_dataset=data, processing_class=tokenizer
    )


if __name__ == "__main__":
    answer(train)
