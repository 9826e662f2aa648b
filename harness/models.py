"""Policies as steps need them: what is read stays loaded for a while, what is trained is always loaded anew."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from harness.engine import loading
from harness.engine.language_model import LanguageModel
from harness.steps import PolicyRef
from harness.store import Store
from harness.training import Tokens

POLICY = "policy"
"""Payload folder of a step that made a policy."""


@dataclass
class Models:
    """Loads policies by reference."""

    store: Store
    tokens: Tokens
    base: PolicyRef
    """Stays loaded."""
    _loaded: dict[tuple[PolicyRef, str], LanguageModel] = field(
        default_factory=dict[tuple[PolicyRef, str], LanguageModel]
    )

    def folder(self, policy: PolicyRef) -> Path:
        """Where its weights lie."""
        return policy.folder or self.store.folder(policy.digest) / POLICY

    def fresh(self, policy: PolicyRef, dtype: str) -> LanguageModel:
        """A copy of its own, to be trained in place."""
        base = self.folder(policy.adapter_on) if policy.adapter_on else None
        return loading.load(self.folder(policy), self.tokens, dtype=dtype, base=base)

    def shared(self, policy: PolicyRef, dtype: str = "fp32") -> LanguageModel:
        """To be read only; what was read last, other than the base, makes room for it."""
        key = (policy, dtype)
        if key not in self._loaded:
            self._loaded = {k: m for k, m in self._loaded.items() if k[0] == self.base}
            self._loaded[key] = self.fresh(policy, dtype)
        return self._loaded[key]
