"""What the host lends to a judge that is measured by itself, without a policy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.column import Rater, Scorer
from harness.judging import JudgingEvaluator
from harness.reporter import Progress, Reporter
from harness.run.contents import Contents, read
from harness.run.lending import ModelRater, ModelScorer
from harness.run.models import Models
from harness.run.steps import PolicyRef
from harness.source import Judge, Source
from harness.store import SHARED, Store
from harness.training import Tokens


@dataclass
class JudgeLender:
    """See `harness.Lender`."""

    source: Source
    models: Models
    shared: Path
    """Folder in the results for what is paid for once."""
    progress: Progress | None = None
    speak: Callable[[str], None] = Reporter().say
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
        return cls(source, models, store.root / SHARED, progress, speak or Reporter().say)

    def again(self) -> JudgeLender:
        """The same, for asking a second time: nothing that was kept of the first is found."""
        return dataclasses.replace(self, suffix="-again")

    def scorer(self, model: str) -> Scorer:
        """See `harness.Lender`."""
        return ModelScorer(self.models.scorer(model), progress=self.progress)

    def rater(self, model: str) -> Rater:
        """See `harness.Lender`."""
        return ModelRater(self.models.rater(self.models.named_folder(model)), self.progress)

    def identity(self, model: str) -> str:
        """See `harness.Lender`."""
        return self.models.identity(model)

    def judge(self) -> Judge | None:
        """See `harness.Lender`."""
        return self.source.judge()

    def kept(self, name: str) -> Path:
        """See `harness.Lender`."""
        folder = self.shared / f"{name}{self.suffix}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def tell(self, done: int, total: int) -> None:
        """See `harness.Lender`."""
        if self.progress:
            self.progress(done, total)

    def say(self, text: str) -> None:
        """See `harness.Lender`."""
        self.speak(text)
