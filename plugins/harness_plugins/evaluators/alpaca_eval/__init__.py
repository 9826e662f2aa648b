"""AlpacaEval: greedy answers against reference outputs, by alpaca-eval's annotators, parsers and metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

import harness
from harness.column import BORROWED
from harness_plugins.evaluators.alpaca_eval.annotate import annotate
from harness_plugins.evaluators.alpaca_eval.figures import (
    Judged,
    both_orders,
    characters,
    comparisons,
    counts,
    finite,
    make_figures,
    preferences_of,
    winrate,
)
from harness_plugins.evaluators.alpaca_eval.judge import make_judge
from harness_plugins.evaluators.alpaca_eval.length_control import (
    Annotated,
    LengthControlled,
    length_controlled_together,
    published,
)
from harness_plugins.evaluators.alpaca_eval.library import configurations, library_version
from harness_plugins.evaluators.alpaca_eval.questions import (
    Question,
    chosen,
    from_file,
    held_out,
    outputs,
    places,
    questions,
)
from harness_plugins.evaluators.alpaca_eval.replay import annotated, replayed
from harness_plugins.evaluators.alpaca_eval.template import DEFAULT, read_template
from harness_plugins.evaluators.prompts import shown

INSTRUCTIONS = 805
"""Of AlpacaEval."""


@dataclass(frozen=True)
class AlpacaEval(harness.JudgingEvaluator):
    """Win rate of greedy answers to held-out prompts against reference outputs, raw and length-controlled."""

    name: ClassVar[str] = "alpaca_eval"
    source: ClassVar[str] = "AlpacaEval: annotators, parsers and metrics of the package alpaca-eval"
    columns: ClassVar = "none"
    needs_language_model: ClassVar[bool] = True
    path_options: ClassVar[tuple[str, ...]] = ("annotations", "instructions", "references", "length_control_with")
    model_options: ClassVar[tuple[str, ...]] = ("judge_model",)
    neutral_options: ClassVar[tuple[str, ...]] = (
        "api_key_env",
        "concurrency",
        "requests_per_minute",
        "timeout",
        "retries",
        "back_off",
        "patience",
        "prompt_price",
        "completion_price",
    )
    libraries: ClassVar[tuple[str, ...]] = ("alpaca-eval", "scikit-learn")

    judges: ClassVar[Mapping[str, str]] = {
        "source": "",
        "causal": "judge_model",
        "reward": "judge_model",
        "endpoint": "endpoint",
        "length": "",
        "replay": "annotations",
    }

    judge: Literal["source", "causal", "reward", "endpoint", "length", "replay"] = "source"
    """The source's own judge; a causal language model by the log-probs of its verdict; a reward model, by the sigmoid
    of the difference of rewards; an OpenAI-compatible endpoint; the longer answer; recorded verdicts."""
    judge_model: str = ""
    """Folder or Hub id of the model, for `causal` and `reward`."""
    endpoint: str = ""
    """Base URL of the API, for `endpoint`; it usually ends in /v1. No key may stand in it."""
    endpoint_model: str = ""
    """Name of the served model, for `endpoint`."""
    annotations: str = ""
    """Annotation file as AlpacaEval publishes them, for `replay`: JSON or JSON lines, plain or in gzip."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the endpoint's key; servers that want none get along without it."""
    template: str = DEFAULT
    """Name of the alpaca-eval annotator whose prompt and parser are used, for `causal` and `endpoint`; for `causal` one
    whose verdict is the first token's log-probs."""
    instructions: str = ""
    """JSON or JSON lines of {instruction}, plain or in gzip; the held-out prompts where empty."""
    references: str = ""
    """JSON or JSON lines of {instruction, output}, plain or in gzip; the source's references where empty."""
    length_control: Literal["own", "published"] = "own"
    """Fit the length-controlled win rate on the row's own annotations alone; or as on AlpacaEval's leaderboard, which
    takes its own 805 instructions, in their order, as `instructions`, and a table from the Hub."""
    length_control_with: tuple[str, ...] = ()
    """Annotation files of other models, by the same judge and against the same references: for `own`, they are fitted
    along with the row's annotations, with one effect of length for all."""
    chosen: bool = False
    """Compare with the chosen response of each held-out pair instead."""
    prompts: int = 805
    """At most so many different prompts, at least 1."""
    max_tokens: int = 256
    """Longest answer of the policy, in tokens, at least 1."""
    judge_tokens: int = 0
    """Longest answer of an endpoint's judge, in tokens; as the template asks where 0."""
    top_logprobs: int = 20
    """Log-probs asked of an endpoint per position, at least 2, for templates that read them. A verdict that is not
    among them has probability 0."""
    concurrency: int = 5
    """Requests in flight at an endpoint, at least 1."""
    requests_per_minute: float = 0.0
    """Requests begun per minute at an endpoint, tries of one comparison counted each, >= 0; 0: no limit."""
    timeout: float = 120.0
    """Seconds for one request to an endpoint, from connecting to the last byte, > 0; doubled for the next try of a
    comparison that was not answered in time."""
    retries: int = 8
    """Tries of a request after the first, at least 0, where an endpoint fails in passing (429, 5xx, no connection)."""
    back_off: float = 1.0
    """Seconds before the second try, >= 0; doubled before each further one, to 60 at most."""
    patience: float = 1800.0
    """Seconds for one comparison at an endpoint, all tries and waits together, > 0."""
    prompt_price: float = 0.0
    """Price of a million prompt tokens at an endpoint, in any currency, >= 0; 0: not known."""
    completion_price: float = 0.0
    """Price of a million completion tokens, likewise."""

    def __post_init__(self) -> None:
        least = {"prompts": 1, "max_tokens": 1, "judge_tokens": 0, "top_logprobs": 2, "concurrency": 1}
        least |= {"retries": 0, "back_off": 0, "requests_per_minute": 0, "prompt_price": 0, "completion_price": 0}
        for option, bound in least.items():
            if not getattr(self, option) >= bound:
                raise ValueError(f"{option} is {getattr(self, option)}; it must be at least {bound}")
        for option in ("timeout", "patience"):
            if not getattr(self, option) > 0:
                raise ValueError(f"{option} is {getattr(self, option)}; it must be > 0")
        if self.references and self.chosen:
            raise ValueError("references and chosen exclude each other")
        if self.length_control == "published" and not self.instructions:
            raise ValueError("length_control: published goes with AlpacaEval's own instructions")
        if self.length_control == "published" and self.length_control_with:
            raise ValueError("length_control_with goes with length_control: own")
        which = self.judges.get(self.judge)
        if which and not getattr(self, which):
            raise ValueError(f"the judge {self.judge} lacks its {which}")
        if (self.judge == "replay") != bool(self.annotations):
            raise ValueError("annotations goes with the judge replay, and with no other")
        local = self.judge in ("causal", "reward")
        if local != bool(self.judge_model):
            raise ValueError("judge_model goes with the judges causal and reward, and with no other")
        remote = self.judge == "endpoint"
        if remote and not self.endpoint_model:
            raise ValueError("the judge endpoint lacks its endpoint_model, the name of the model that is served")
        if remote != bool(self.endpoint) or remote != bool(self.endpoint_model):
            raise ValueError("endpoint and endpoint_model go with the judge endpoint, and with no other")
        if self.judge not in ("causal", "endpoint") and self.template != DEFAULT:
            raise ValueError("template goes with the judges causal and endpoint")
        address = urlsplit(self.endpoint)
        if address.username or address.password or address.query or address.fragment:
            raise ValueError("endpoint has more than an address in it; a key belongs into the environment")
        if remote and (address.scheme not in ("http", "https") or not address.hostname):
            raise ValueError(f"endpoint is {self.endpoint!r}; it must begin with http:// or https://")

    def one_at_a_time(self) -> bool:
        """See `harness.Evaluator`: an endpoint is asked at the pace of one process."""
        return self.judge == "endpoint"

    def check(self) -> None:
        """See `harness.Evaluator`."""
        configurations()

    def evaluate(self, subject: harness.Subject) -> harness.Evaluation:
        """The figures of one policy.

        Raises:
            Unavailable: there is no judge, no reference output, or no language model to answer.
            HarnessError: the judge fails, or not one of its verdicts can be read.
        """
        asked, without = self._questions(subject)
        template = read_template(self.template)
        judge = make_judge(self, subject, template)
        answers = subject.answer({q.item: q.prompt for q in asked}, max_tokens=self.max_tokens)
        preferences = annotate(comparisons(asked, answers), self.template, judge.complete)
        judged = both_orders(asked, answers, preferences)
        readable = [j for j in judged if j.preference is not None]
        if not readable:
            raise harness.HarnessError(
                f"not one of {len(preferences)} verdicts of {judge.called} could be read",
                fix="the template asks for log-probs: set another `template` where the judge gives none"
                if template.parser == "logprob_parser"
                else "set another `template`, or more `judge_tokens`",
            )
        controlled = self._length_controlled(readable, subject)
        return harness.Evaluation(
            figures=make_figures(readable, judge.told, controlled, one_order=self.judge == "replay"),
            generations=tuple(
                harness.Generation(a.item, shown(q.prompt), a.text, finished=a.finished)
                for q, a in zip(asked, answers, strict=True)
            ),
            counted=counts(judged, readable, controlled)
            | ({"prompts without a reference": without} if without else {})
            | dict(judge.used)
            | {what + BORROWED: count for what, count in judge.cut.items()},
            notes={
                "alpaca-eval": library_version(),
                "judge": dict(judge.notes) | dict(judge.counted),
                "template": template.name,
                "template_digest": template.digest,
                "parser": template.parser,
                "winrate": finite(winrate(preferences_of(readable).tolist())),
                "characters": characters(readable),
            },
        )

    def _questions(self, subject: harness.Subject) -> tuple[list[Question], int]:
        """What is asked, and how many prompts have no reference."""
        prompts = (
            from_file(self.instructions, self.prompts)
            if self.instructions
            else held_out(subject.examples(), self.prompts)
        )
        by_prompt: Mapping[harness.Prompt, str] = {}
        by_instruction: Mapping[str, str] = {}
        if self.references:
            by_instruction = outputs(self.references)
        elif self.chosen:
            by_prompt = chosen(subject.examples())
        else:
            by_prompt = subject.references() or {}
        asked = questions(prompts, by_prompt, by_instruction)
        if not asked:
            whose = (
                "the file of references" if self.references else "the held-out pairs" if self.chosen else "the source"
            )
            raise harness.Unavailable(
                f"{whose} offers no reference output for any of {len(prompts)} prompts",
                fix="set `references` to a file of {instruction, output}, or `chosen: true` where the data are pairs",
            )
        return asked, len(prompts) - len(asked)

    def _length_controlled(self, judged: Sequence[Judged], lender: harness.Lender) -> LengthControlled | None:
        preferences = preferences_of(judged)
        references, answers = [j.question.reference for j in judged], [j.answer.text for j in judged]
        if self.length_control == "own":
            own = Annotated(preferences, references, answers, [shown(j.question.prompt) for j in judged])
            return length_controlled_together([own, *map(annotated, self.length_control_with)], lender.tell)[0]
        place_of = places(self.instructions)
        if len(place_of) != INSTRUCTIONS:
            raise harness.HarnessError(
                f"the published length control is for AlpacaEval's {INSTRUCTIONS} instructions, not {len(place_of)}",
                fix="set `length_control: own`, or `instructions` to AlpacaEval's own",
            )
        return published(preferences, references, answers, [place_of[j.question.prompt] for j in judged])

    def follows_split(self) -> bool:
        """See `harness.Evaluator`."""
        return not self.instructions

    def repeats(self) -> bool:
        """See `harness.JudgingEvaluator`."""
        return self.judge == "endpoint"

    def compare(self, comparisons: Sequence[harness.Comparison], lender: harness.Lender) -> harness.Verdicts:
        """See `harness.JudgingEvaluator`."""
        judge = make_judge(self, lender, read_template(self.template))
        found = annotate(comparisons, self.template, judge.complete)
        preferences = tuple(float("nan") if preference is None else preference - 1 for preference in found)
        return harness.Verdicts(preferences, judge.told, {**judge.notes, **judge.counted, **judge.used, **judge.cut})

    def replay(
        self, recorded: Sequence[harness.Recorded], *, length_control: bool, tell: Callable[[int, int], None]
    ) -> list[Mapping[str, Any]]:
        """See `harness.JudgingEvaluator`."""
        return replayed(recorded, length_control=length_control, tell=tell)


@harness.hookimpl
def harness_evaluators() -> Iterable[type[harness.Evaluator]]:
    """Offers `alpaca_eval`."""
    return [AlpacaEval]
