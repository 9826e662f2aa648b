"""What an audit of a suite reads, and the tokenizer it reads with. No model is loaded."""

from __future__ import annotations

from pathlib import Path

from harness.engine.encoding import Encoder
from harness.model_files import model_under
from harness.run.steps import AuditStep
from harness.source import BaseRecipe
from harness.suite import Suite
from harness.training import Tokens


def audit_work(suite: Suite, limit: int | None) -> AuditStep:
    """All seeds of the suite's rows, and its largest budget.

    Args:
        suite: what is to be run.
        limit: examples per split, for a trial; None for all.
    """
    prompts = [budget.prompts for budget in suite.budgets]
    known = [count for count in prompts if count is not None]
    seeds = sorted({seed for row in suite.rows for seed in row.seeds}) or [0]
    return AuditStep(tuple(seeds), max(known) if len(known) == len(prompts) else None, limit)


def encoder_of(recipe: BaseRecipe | None, folder: Path | None, tokens: Tokens) -> Encoder:
    """How the base model's text becomes tokens.

    Args:
        recipe: how the source makes the base model, or None.
        folder: of the base model, where there is no recipe; an adapter's tokenizer is that of the model under it.
        tokens: the suite's own settings.

    Raises:
        ModelError: there is no tokenizer, or it does not fit the settings.
    """
    if recipe is not None:
        model, tokenizer = recipe.create()
        return Encoder(tokenizer, tokens, _context(model.config))
    from transformers import AutoConfig

    from harness.engine.loading import load_tokenizer

    assert folder is not None
    if (folder / "adapter_config.json").is_file():
        folder = model_under(folder)
    return Encoder(load_tokenizer(folder), tokens, _context(AutoConfig.from_pretrained(str(folder))))


def _context(config: object) -> int | None:
    return getattr(config, "max_position_embeddings", None)
