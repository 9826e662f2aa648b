"""The form of a suite file, after short forms are written out: which keys there are and what type each has.

Nothing is required here, because a file may leave to another what it extends; `harness.suite.resolve` asks for what a
whole suite needs. Options are checked there too, against the plugins that are installed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from harness.training import Budget, Tokens, Training


def _label(text: str) -> str:
    if not text or len(text) > 200 or text != text.strip() or not text.isprintable():
        raise ValueError("should be 1 to 200 printable characters, with no space at either end")
    return text


def _distinct(numbers: tuple[int, ...]) -> tuple[int, ...]:
    if not numbers or len(set(numbers)) < len(numbers):
        raise ValueError("should be at least one number, and all distinct")
    return numbers


Count: TypeAlias = Annotated[int, Field(ge=1)]
RowLabel: TypeAlias = Annotated[str, AfterValidator(_label)]
Seeds: TypeAlias = Annotated[
    tuple[Annotated[int, Field(ge=0, lt=2**32)], ...],
    Field(json_schema_extra={"minItems": 1, "uniqueItems": True}),
    AfterValidator(_distinct),
]
Sizes: TypeAlias = Annotated[
    tuple[Count, ...], Field(json_schema_extra={"minItems": 1, "uniqueItems": True}), AfterValidator(_distinct)
]
Prompts: TypeAlias = Annotated[
    Annotated[Count | None, Tag("one")] | Annotated[Sizes, Tag("several")],
    Discriminator(lambda value: "several" if isinstance(value, list | tuple) else "one"),
]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class ModelFile(_Strict):
    """The base model that every row starts from."""

    name: Annotated[str, Field(min_length=1)]
    """A local folder, or an id on the Hub."""
    revision: str | None = None
    """A commit, branch or tag on the Hub; null for the newest."""


class DataFile(BaseModel):
    """Where examples come from. The other keys are the source's options."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)

    source: str
    """The name of an installed source."""


class RangeFile(_Strict):
    """Where a number is searched."""

    low: float
    """Included."""
    high: float
    """Included."""
    log: bool = False
    """Equal factors are equally likely, not equal distances."""


class ChoicesFile(_Strict):
    """Which values are tried."""

    choices: tuple[None | bool | int | float | str, ...]
    """At least two."""


def _searched(value: Any) -> str | None:
    if isinstance(value, dict):
        return ChoicesFile.__name__ if "choices" in value else RangeFile.__name__
    return "off" if value is False else None


SettingFile: TypeAlias = Annotated[
    Annotated[Literal[False], Tag("off")]
    | Annotated[RangeFile, Tag(RangeFile.__name__)]
    | Annotated[ChoicesFile, Tag(ChoicesFile.__name__)],
    Discriminator(
        _searched,
        custom_error_type="setting",
        custom_error_message="should be {low, high, log}, {choices} or false",
    ),
]
TuneRow: TypeAlias = Annotated[
    Annotated[Literal[False], Tag("off")] | Annotated[dict[str, SettingFile], Tag("space")],
    Discriminator(
        lambda value: "space" if isinstance(value, dict) else "off" if value is False else None,
        custom_error_type="tune",
        custom_error_message="should be false, or a mapping of settings to where they are searched",
    ),
]


class MethodRow(_Strict):
    """A row that is trained. An option given as a list of values makes one row for each value."""

    method: str
    """The name of an installed method."""
    label: RowLabel | None = None
    """What the board calls the row; unique. By default the method's name."""
    options: dict[str, Any] = {}
    """Options of the method."""
    training: Training = Training()
    """What differs from the suite's `training`."""
    init: RowLabel | None = None
    """The label of the row whose policy this one starts from, at the same seed; that policy is its reference. Null for
    the base model."""
    seeds: Seeds | None = None
    """Seeds of this row alone; null for those of the suite."""
    tune: TuneRow = {}
    """What of this row is searched where the suite tunes, if not what its method declares: setting (`beta`,
    `base.beta`, `training.learning_rate`) -> `{low, high, log}`, `{choices}`, or false to leave it as it is. false for
    a row that is not tuned."""


class ColumnRow(_Strict):
    """A row that rates responses but writes none, such as a reward model. It is judged where a score is enough."""

    column: str
    """The name of an installed column."""
    label: RowLabel | None = None
    """What the board calls the row; unique. By default the column's name."""
    options: dict[str, Any] = {}
    """Options of the column."""
    seeds: Seeds | None = None
    """Seeds of this row alone, for a column that learns; null for those of the suite. A column that does not learn has
    no seeds."""


class PolicyRow(_Strict):
    """A row that is judged as it is, without training."""

    policy: Annotated[str, Field(min_length=1)]
    """base: what the rows start from; oracle: the truth of the source; else a finished checkpoint, as a local folder or
    an id on the Hub."""
    revision: str | None = None
    """Of a checkpoint on the Hub: a commit, branch or tag; null for the newest."""
    label: RowLabel | None = None
    """What the board calls the row; unique. By default base, oracle or the folder's name."""


class AgainRow(_Strict):
    """A control: another row once more, at other seeds (A/A). What separates the two is the noise of training."""

    again: RowLabel
    """The label of the row that is repeated, with its options, training and budget."""
    label: RowLabel | None = None
    """What the board calls the row; unique. By default the label of the other row, and `again`."""
    seeds: Seeds | None = None
    """None of the other row's own. Null for as many as that row has, from the first above all seeds of the suite."""


class EvaluatorFile(_Strict):
    """What judges every row."""

    evaluator: str
    """The name of an installed evaluator."""
    label: RowLabel | None = None
    """Unique. By default the evaluator's name."""
    options: dict[str, Any] = {}
    """Options of the evaluator."""


def _kind(row: Any) -> str | None:
    if not isinstance(row, dict):
        return None
    kinds = {"method": MethodRow, "policy": PolicyRow, "column": ColumnRow, "again": AgainRow}
    named = [kind.__name__ for key, kind in kinds.items() if key in row]
    return (named or [MethodRow.__name__])[0] if len(named) < 2 else None


RowFile: TypeAlias = Annotated[
    Annotated[MethodRow, Tag(MethodRow.__name__)]
    | Annotated[PolicyRow, Tag(PolicyRow.__name__)]
    | Annotated[ColumnRow, Tag(ColumnRow.__name__)]
    | Annotated[AgainRow, Tag(AgainRow.__name__)],
    Discriminator(
        _kind,
        custom_error_type="row",
        custom_error_message="should be the name of a method, or a mapping with one of `method`, `policy`, `column` "
        "and `again`",
    ),
]


class BudgetFile(_Strict):
    """What every trained row is given alike."""

    prompts: Prompts = None
    """Training examples (a prompt with its responses) seen per epoch; null for all that the source has. Several numbers
    make every trained row once with each."""
    epochs: Count = 1
    """Passes over them."""
    batch: Count = 64
    """Examples per optimiser step. A last, smaller step is kept."""

    def each(self) -> tuple[Budget, ...]:
        """One budget for every number of prompts."""
        sizes = self.prompts if isinstance(self.prompts, tuple) else (self.prompts,)
        return tuple(Budget(prompts=size, epochs=self.epochs, batch=self.batch) for size in sizes)


class PublishedFigure(_Strict):
    """What others have published of a row, to stand beside ours on the board. Nothing is computed from it."""

    row: RowLabel
    """The label of the row."""
    metric: str
    """The metric, as the board names it."""
    per_seed: Annotated[dict[str, float], Field(min_length=1)]
    """Seed, or another name of a run -> figure."""
    source: str
    """Where it was published."""


class TuneFile(_Strict):
    """Every trained row is tuned under the same budget of trials, before the suite is run with what was found."""

    trials: Annotated[int, Field(ge=2)] = 8
    """Trials of every row. The first has the row's own settings, so one alone would tune nothing."""
    metric: str | None = None
    """What settings are chosen by, as the board names it; of an evaluator of the suite that judges held-out data."""
    split: Literal["validation"] = "validation"
    """Whose examples trials are judged on. The test split is not read before all is chosen."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Of the search and of the trials' training."""


class StatisticsFile(_Strict):
    """How rows are compared. Stated before the run, because it may not be chosen by its outcome."""

    baseline: RowLabel | None = None
    """The label of the row that every other is compared with; null for the base model's row, else the first row."""
    seed_spread: Literal["own", "pooled"] = "own"
    """own: every comparison stands on the spread over seeds of its own two rows. pooled: all contenders are taken to
    have one spread over seeds, so that all of them tell it; both intervals are then printed, with the ratio of spreads.
    """
    score: dict[str, Annotated[float, Field(gt=0)]] = {}
    """An optional score over metrics: metric, as the board names it -> weight. A row that lacks one has no score."""


class SuiteFile(_Strict):
    """A suite: which methods are compared, on which data, from which model, and what judges them."""

    extends: str | tuple[str, ...] | None = None
    """Suites this one builds on, by path or shipped name. Mappings are merged, all else replaced; the last one wins."""
    description: str = ""
    """One or two sentences for the board."""
    model: ModelFile | None = None
    """The base model; null for the one that the source of the data offers."""
    tokens: Tokens = Tokens()
    """How text becomes tokens, for every row alike."""
    data: DataFile | None = None
    """Where examples come from."""
    training: Training = Training()
    """Training settings of every row, unless the row says otherwise."""
    methods: tuple[RowFile, ...] = ()
    """The rows of the board."""
    evaluators: tuple[EvaluatorFile, ...] = ()
    """What judges every row."""
    seeds: Seeds = (0, 1, 2)
    """Every trained row is trained once per seed."""
    budget: BudgetFile = BudgetFile()
    """What every trained row is given alike."""
    tune: TuneFile | None = None
    """Tune every trained row first; null to run rows with the settings they have."""
    tuned: str | None = None
    """The record of an earlier study, by path (a `studies.json`). Rows that have the settings it chose count as tuned;
    the board names those that have not."""
    statistics: StatisticsFile = StatisticsFile()
    """How rows are compared."""
    published: tuple[PublishedFigure, ...] = ()
    """Published figures, to stand beside ours."""
    keep: Literal["all", "none"] = "all"
    """Whether trained policies stay on disk once they are judged. Without them, a new evaluator trains again."""
