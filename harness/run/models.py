"""Policies as steps need them: what is read stays loaded for a while, what is trained is always loaded anew."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from harness.digest import digest
from harness.engine import loading
from harness.engine.language_model import LanguageModel
from harness.engine.rater import RatingModel
from harness.engine.rater_files import load_rater
from harness.engine.text_pairs import TextPairRater
from harness.engine.token_bank import TokenBanks
from harness.errors import HarnessError
from harness.model_files import fingerprint
from harness.run.steps import PolicyRef
from harness.store import POLICY, Store
from harness.training import Tokens
from harness.version import ENGINE

Rating: TypeAlias = RatingModel | TextPairRater
"""A sequence classifier with one output."""


@dataclass
class Models:
    """Loads policies by reference."""

    store: Store
    tokens: Tokens
    base: PolicyRef
    """Stays loaded, in float32."""
    named: Mapping[str, Path] = field(default_factory=dict[str, Path])
    """Models that options name -> where they lie."""
    _banks: TokenBanks = field(default_factory=TokenBanks)
    _prints: dict[str, str] = field(default_factory=dict[str, str])
    _raters: dict[Path, Rating] = field(default_factory=dict[Path, Rating])
    _scorers: dict[str, LanguageModel] = field(default_factory=dict[str, LanguageModel])
    _loaded: dict[tuple[PolicyRef, str], LanguageModel] = field(
        default_factory=dict[tuple[PolicyRef, str], LanguageModel]
    )

    def alike(self, other: Models) -> bool:
        """Whether both load the same under the same references."""
        mine, its = ((m.store, m.tokens, m.base, dict(m.named)) for m in (self, other))
        return mine == its

    def folder(self, policy: PolicyRef) -> Path:
        """Where its weights lie."""
        return policy.folder or self.store.folder(policy.digest) / POLICY

    def fresh(self, policy: PolicyRef, dtype: str) -> LanguageModel:
        """A copy of its own, to be trained in place; of what is loaded already, where it is."""
        loaded = self._loaded.get((policy, dtype))
        if loaded is not None and policy.adapter_on is None:
            model = copy.deepcopy(loaded.model)
            return self._told(loading.wrap(model, loaded.tokenizer, self.tokens, dtype=dtype))
        base = self.folder(policy.adapter_on) if policy.adapter_on else None
        return self._told(loading.load(self.folder(policy), self.tokens, dtype=dtype, base=base))

    def _told(self, model: LanguageModel) -> LanguageModel:
        """With what was tokenised before, for whichever model, where their tokenizers do the same."""
        model.encoder.bank = self._banks.of(model.tokenizer)
        return model

    def shared(self, policy: PolicyRef, dtype: str = "fp32") -> LanguageModel:
        """To be read only; the two that were read last, a policy and its reference, stay loaded beside the base."""
        key, stays = (policy, dtype), (self.base, "fp32")
        found = self._loaded.pop(key, None)
        others = [k for k in self._loaded if k != stays]
        for old in others[: max(0, len(others) - (2 if key == stays else 1))]:
            del self._loaded[old]
        self._loaded[key] = found or self.fresh(policy, dtype)
        return self._loaded[key]

    def rater(self, folder: Path) -> Rating:
        """A sequence classifier, to be read only; the one read last stays loaded."""
        if folder not in self._raters:
            self._raters = {}  # before the next is read: there may not be room for two
            self._raters[folder] = load_rater(folder, self.tokens)
        return self._raters[folder]

    def scorer(self, name: str) -> LanguageModel:
        """A language model that an option names, to be read only; the one read last stays loaded."""
        if name not in self._scorers:
            self._scorers = {}
            self._scorers[name] = self._told(loading.load(self.named_folder(name), self.tokens))
        return self._scorers[name]

    def named_folder(self, name: str) -> Path:
        """Where a model that an option names lies.

        Raises:
            HarnessError: no option that is declared to hold models names it.
        """
        if name not in self.named:
            raise HarnessError(f"the model {name!r} was not looked up", fix="declare its option in model_options")
        return self.named[name]

    def fingerprint(self, name: str) -> str:
        """Names the content of a model that an option names; read once."""
        if name not in self._prints:
            self._prints[name] = fingerprint(self.named_folder(name))
        return self._prints[name]

    def identity(self, name: str) -> str:
        """Names all that numbers from a model that an option names depend on, beside the texts."""
        return digest({"engine": ENGINE, "model": self.fingerprint(name), "tokens": self.tokens.model_dump()})

    def forget_lent(self) -> None:
        """Drop what only columns and evaluators read, before something is trained."""
        self._raters, self._scorers = {}, {}
