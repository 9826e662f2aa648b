"""What the host lends to a judge that is measured by itself, without a policy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.judging import JudgingEvaluator
from harness.reporter import Progress, Reporter
from harness.run.contents import Contents, read
from harness.run.lending import HostLender
from harness.run.models import Models
from harness.run.steps import PolicyRef
from harness.source import Source
from harness.store import SHARED, Store
from harness.training import Tokens


@dataclass(kw_only=True)
class JudgeLender(HostLender):
    """See `harness.Lender`."""

    suffix: str = ""
    """Appended to the names of folders: what is asked again is kept apart from what was asked first."""

    @classmethod
    def of(
        cls,
        judge: JudgingEvaluator,
        source: Source,
        results: Path,
        *,
        progress: Progress | None = None,
        speak: Callable[[str], None] | None = None,
    ) -> JudgeLender:
        """With the models that the options of `judge` name.

        Raises:
            HarnessError: a model or a file that an option names cannot be had.
        """
        store = Store(results)
        named: Mapping[str, Path] = read(judge, Contents()).folders
        nowhere = PolicyRef("folder", "")  # a judge has no base to start from
        models = Models(store, Tokens(), nowhere, named)
        return cls(
            source=source,
            models=models,
            shared=store.root / SHARED,
            progress=progress,
            speak=speak or Reporter().say,
        )

    def again(self) -> JudgeLender:
        """The same, for asking a second time: nothing that was kept of the first is found."""
        return dataclasses.replace(self, suffix="-again")

    def kept(self, name: str) -> Path:
        """See `harness.Lender`."""
        return super().kept(name + self.suffix)
