"""`harness judge`: judges against people, and recorded verdicts as figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.errors import DataError, SuiteError, nearest
from harness.judging import JudgingEvaluator, Recorded
from harness.suite.node import Node, Place
from harness.suite.options import configure_node
from harness.suite.problems import Problems
from harness.suite.sets import apply

if TYPE_CHECKING:
    from harness.host import Registry
    from harness.judges import Measured
    from harness.source import Source

DATA_SOURCE = "files"
"""What reads DATA, unless `--set data.source=` says otherwise."""

Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Named:
    """A judge as the command line names it."""

    text: str
    judge: JudgingEvaluator


def judging_evaluator(registry: Registry, judge: str) -> type[JudgingEvaluator]:
    """The installed evaluator that has a judge of this name.

    Raises:
        SuiteError: none has, or several have.
    """
    kinds = [kind for kind in registry.evaluators.offers.values() if issubclass(kind, JudgingEvaluator)]
    found = [kind for kind in kinds if judge in kind.judges]
    if not found:
        known = {name for kind in kinds for name in kind.judges}
        raise SuiteError(f"no judge is called {judge!r}; {nearest(judge, known)}", where="--judge")
    if len(found) > 1:
        owners = ", ".join(kind.name for kind in found)
        raise SuiteError(
            f"several evaluators have a judge {judge!r}: {owners}",
            where="--judge",
            fix="leave plugins out with HARNESS_PLUGINS",
        )
    return found[0]


def read_judges(registry: Registry, texts: Sequence[str], sets: Sequence[str]) -> tuple[list[Named], Node]:
    """The judges that NAME or NAME=WHAT mean, and the data that `--set data...` describes.

    Args:
        sets: `data.key=value` is about the source, `NAME.key=value` about the options of that judge.

    Raises:
        SuiteError: one is wrong; all faults at once.
    """
    problems = Problems()
    here = Place("--judge", None, Path.cwd())
    root = apply(Node({}, here), sets, problems)
    problems.raise_any()
    names = {text.partition("=")[0] for text in texts}
    for key in root.keys.keys() - names - {"data"}:
        problems.add(root.keys[key].place, f"{key!r} is neither `data` nor a judge that was asked for")
    judges: list[Named] = []
    for text in texts:
        name, equals, what = text.partition("=")
        kind = judging_evaluator(registry, name)
        options = root.child(name) or Node({}, here)
        place = Place(f"--judge {text}", None, Path.cwd())
        options = options.having(judge=Node(name, place))
        if equals:
            if not kind.judges[name]:
                problems.add(place, f"there is only one judge {name!r}", fix=f"write --judge {name}")
                continue
            options = options.having(**{kind.judges[name]: Node(what, place)})
        elif kind.judges[name] and options.child(kind.judges[name]) is None:
            problems.add(place, f"it is not said which one: the {kind.judges[name]}", fix=f"write --judge {name}=WHAT")
            continue
        judge = configure_node(kind, options, registry, problems)
        if judge is not None:
            judges.append(Named(text, judge))
    problems.raise_any()
    return judges, root.child("data") or Node({}, here)


def read_source(registry: Registry, data: str, node: Node) -> Source:
    """The source of labelled pairs: a file of them, all held out, or what `--set data...` describes.

    Raises:
        SuiteError: an option is wrong, or no data are named.
    """
    problems = Problems()
    named = node.child("source")
    name = str(named.plain) if named is not None else DATA_SOURCE
    if not data and named is None:
        raise SuiteError(
            "no data to judge on", where="DATA", fix="name a file of preferences, or set --set data.source=NAME"
        )
    options = node.without("source")
    if data:
        here = Place("DATA", None, Path.cwd())
        whole = {"path": Node(data, here), "test": Node(1.0, here), "validation": Node(0.0, here)}
        options = options.having(**{key: value for key, value in whole.items() if key not in options.keys})
    source = configure_node(registry.sources.get(name), options, registry, problems)
    problems.raise_any()
    assert source is not None
    return source


def measure_judges(
    registry: Registry,
    data: str,
    judges: Sequence[str],
    sets: Sequence[str],
    results: Path,
    *,
    limit: int | None,
    again: int,
) -> list[dict[str, Any]]:
    """Every judge against the same pairs, as plain data.

    Raises:
        HarnessError: nothing can be read, or a judge fails.
    """
    named, node = read_judges(registry, judges, sets)
    source = read_source(registry, data, node)
    from harness.judges import ask, labelled_pairs, measured
    from harness.judges.lender import JudgeLender

    where, fix = data or source.name, "give preferences: chosen and rejected answers, or scored candidates"
    try:
        pairs, lost = labelled_pairs(source.examples("test", 0, limit))
    except DataError as error:
        raise DataError(error.problem, where=error.where or where, fix=error.fix or fix) from error
    if not pairs:
        raise DataError("there is no pair of answers to judge", where=where, fix=fix)
    console = Console(stderr=True)
    found: list[dict[str, Any]] = []
    for one in named:
        one.judge.check()
        say = _say(console)
        say(f"{one.text}: {len(pairs):,} pairs in both orders")
        with telling(console, _short(one.text)) as tell:
            lender = JudgeLender.of(one.judge, source, results, progress=tell, speak=say)
            figures = measured(ask(one.judge, pairs, lender, again=again))
        found.append({"name": one.text, **plain(figures), "left_out": lost})
    return found


def replay_files(
    registry: Registry,
    annotations: Sequence[Path],
    outputs: Sequence[Path],
    references: Path | None,
    *,
    length_control: bool,
) -> list[Mapping[str, Any]]:
    """The figures of annotation files, as plain data.

    Raises:
        HarnessError: a file cannot be read or holds something else.
    """
    if outputs and len(outputs) != len(annotations):
        raise SuiteError(
            f"{len(annotations)} annotation files but {len(outputs)} files of outputs",
            where="--outputs",
            fix="give one for each --replay, in the same order",
        )
    kind = judging_evaluator(registry, "replay")
    problems = Problems()
    here = Place("--replay", None, Path.cwd())
    options = Node({"judge": Node("replay", here), kind.judges["replay"]: Node(str(annotations[0]), here)}, here)
    judge = configure_node(kind, options, registry, problems)
    problems.raise_any()
    assert judge is not None
    given = [Recorded(path, outputs[place] if outputs else None, references) for place, path in enumerate(annotations)]
    with telling(Console(stderr=True), "replay") as tell:
        return judge.replay(given, length_control=length_control or bool(outputs or references), tell=tell)


def _say(console: Console) -> Callable[[str], None]:
    return lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def telling(console: Console, title: str) -> Generator[Tell]:
    """A bar on a terminal; silence elsewhere."""
    if not console.is_terminal:
        yield lambda _done, _total: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(escape(title), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def plain(measured: Measured) -> dict[str, Any]:
    """Figures for programs: fractions, each as {value, low, high, n, prompts}."""
    found = dataclasses.asdict(measured)
    return {**found, "unit": "fraction"}


ROWS = (
    ("agreement", "agreement with people"),
    ("agreement_one_order", "  asked in one order"),
    ("agreement_with_rater", "agreement with a single rater"),
    ("ceiling", "  the most a judge can have there"),
    ("first_preferred", "prefers what it sees first (fair: 50)"),
    ("order_decides", "verdict changes with the order"),
    ("agreement_winner_longer", "agreement where people prefer the longer"),
    ("agreement_winner_shorter", "agreement where people prefer the shorter"),
    ("longer_preferred", "prefers the longer answer"),
    ("people_prefer_longer", "  people do"),
    ("length_bias", "  bias to length (difference)"),
    ("self_consistency", "says the same when asked again"),
)


def judges_table(found: Sequence[Mapping[str, Any]]) -> Table:
    """The same for people, in per cent with 95 % intervals."""
    table = Table(title="Judges against people: per cent [95 % interval]", title_justify="left")
    table.add_column("figure")
    for one in found:
        table.add_column(escape(_short(str(one["name"]))), justify="right", overflow="fold")
    for key, label in ROWS:
        table.add_row(label, *(_cell(one, key) for one in found))
    for subset in sorted({name for one in found for name in one["subsets"]}):
        cells = (_percent(one["subsets"].get(subset)) for one in found)
        table.add_row(f"agreement: {escape(subset)}", *cells)
    table.add_row("pairs", *(f"{one['pairs']:,}" for one in found))
    for key in sorted({name for one in found for name in (*one["counted"], *one["left_out"])}):
        table.add_row(f"  {key}", *(f"{one['counted'].get(key, one['left_out'].get(key, 0)):,}" for one in found))
    table.caption = escape("\n".join(f"{_short(str(one['name']))}: {one['judge']}" for one in found))
    table.caption_justify = "left"
    return table


def _short(name: str) -> str:
    """NAME=WHAT with the last part of a path only."""
    judge, equals, what = name.partition("=")
    return f"{judge}{equals}{Path(what).name}" if equals else judge


def _cell(one: Mapping[str, Any], key: str) -> str:
    if key == "self_consistency" and one[key] is None:
        return "not asked" if one["repeats"] else "100, by construction"
    return _percent(one[key])


def _percent(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "-"
    if found["low"] is None:
        return f"{found['value']:.1%}"[:-1]
    return f"{100 * found['value']:.1f} [{100 * found['low']:.1f}, {100 * found['high']:.1f}]"


def replay_table(found: Sequence[Mapping[str, Any]]) -> Table:
    """Replayed figures for people, in per cent."""
    table = Table(title="Recorded verdicts: per cent", title_justify="left")
    for column in ("model", "win rate", "standard error", "length-controlled", "n", "draws", "missing", "length"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for one in found:
        controlled = one.get("length_controlled")
        interval = controlled and controlled.get("interval_95")
        table.add_row(
            escape(str(one.get("model") or one.get("annotations"))),
            f"{100 * one['win_rate']:.2f}",
            "-" if one["standard_error"] is None else f"{100 * one['standard_error']:.2f}",
            "-"
            if not controlled
            else f"{100 * controlled['win_rate']:.2f}"
            + (f" [{100 * interval[0]:.2f}, {100 * interval[1]:.2f}]" if interval else ""),
            f"{one['n']:,}",
            str(one.get("n_draws", "-")),
            str(one.get("n_missing", "-")),
            "-" if one.get("mean_output_length") is None else f"{one['mean_output_length']:.0f}",
        )
    return table
