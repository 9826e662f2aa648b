"""The form of a suite file, after short forms are written out: which keys there are and what type each has.

Nothing is required here, because a file may leave to another what it extends; `harness.suite.resolve` asks for what a
whole suite needs. Options are checked there too, against the plugins that are installed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from harness.training import Budget, Tokens, Training


def _label(text: str) -> str:
    if not text or len(text) > 80 or text != text.strip() or not text.isprintable():
        raise ValueError("should be 1 to 80 printable characters, with no space at either end")
    return text


def _distinct(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if not seeds or len(set(seeds)) < len(seeds):
        raise ValueError("should be at least one number, and all distinct")
    return seeds


RowLabel: TypeAlias = Annotated[str, AfterValidator(_label)]
Seeds: TypeAlias = Annotated[
    tuple[Annotated[int, Field(ge=0, lt=2**32)], ...],
    Field(json_schema_extra={"minItems": 1, "uniqueItems": True}),
    AfterValidator(_distinct),
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
    seeds: Seeds | None = None
    """Seeds of this row alone; null for those of the suite."""


class PolicyRow(_Strict):
    """A row that is judged as it is, without training."""

    policy: Annotated[str, Field(min_length=1)]
    """base: what the rows start from; oracle: the truth of the source; else a finished checkpoint, as a local folder or
    an id on the Hub."""
    label: RowLabel | None = None
    """What the board calls the row; unique. By default base, oracle or the folder's name."""


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
    if "policy" in row:
        return None if "method" in row else PolicyRow.__name__
    return MethodRow.__name__


RowFile: TypeAlias = Annotated[
    Annotated[MethodRow, Tag(MethodRow.__name__)] | Annotated[PolicyRow, Tag(PolicyRow.__name__)],
    Discriminator(
        _kind,
        custom_error_type="row",
        custom_error_message="should be the name of a method, or a mapping with either `method` or `policy`",
    ),
]


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
    budget: Budget = Budget()
    """What every trained row is given alike."""
    keep: Literal["all", "none"] = "all"
    """Whether trained policies stay on disk once they are judged. Without them, a new evaluator trains again."""
