"""What somebody would write without a harness: one run of TRL, from a checkpoint and a file of preferences to a trained
checkpoint and its held-out accuracy.

    python benchmarks/script_side.py asked.json answered.json
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fresh_process import answer
from trl_side import labelled_rows, paired_rows, trainer_and_config


def run(given: Mapping[str, Any]) -> dict[str, Any]:
    """Train, save, evaluate; the metrics of TRL's own evaluation."""
    from datasets import Dataset, disable_progress_bars
    from transformers import AutoTokenizer

    disable_progress_bars()
    kto = given["trainer"] == "kto"
    batch = given["batch"] * (2 if kto else 1)
    shown = labelled_rows if kto else paired_rows
    train, test = (Dataset.from_list(shown(json.loads(Path(given[s]).read_text()), batch)) for s in ("train", "test"))
    kind, config = trainer_and_config(given["trainer"])
    settings = config(
        output_dir=given["output"],
        per_device_train_batch_size=batch,
        per_device_eval_batch_size=batch,
        num_train_epochs=1,
        learning_rate=given["learning_rate"],
        lr_scheduler_type="cosine",
        warmup_steps=given["warmup"],
        train_sampling_strategy="sequential",
        bf16=False,
        use_cpu=True,
        gradient_checkpointing=False,
        seed=given["seed"],
        report_to="none",
        save_strategy="no",
        disable_tqdm=True,
        **given["trl"],
    )
    trainer = kind(
        model=given["base"],
        args=settings,
        train_dataset=train,
        eval_dataset=test,
        processing_class=AutoTokenizer.from_pretrained(given["base"]),
    )
    trainer.train()
    trainer.save_model(given["output"])
    return {"evaluation": trainer.evaluate(), "steps": trainer.state.global_step}


if __name__ == "__main__":
    answer(run)
