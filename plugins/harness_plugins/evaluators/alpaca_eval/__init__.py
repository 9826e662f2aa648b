"""AlpacaEval: greedy answers against reference outputs, by alpaca-eval's annotators, parsers and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Literal, NamedTuple
from urllib.parse import urlsplit

import numpy as np

import harness
from harness_plugins.evaluators.alpaca_eval.annotate import Complete, Completion, annotate
from harness_plugins.evaluators.alpaca_eval.endpoint import Endpoint, Patience
from harness_plugins.evaluators.alpaca_eval.figures import (
    Judged,
    both_orders,
    comparisons,
    counts,
    make_figures,
    preferences_of,
    winrate,
)
from harness_plugins.evaluators.alpaca_eval.length_control import LengthControlled, length_controlled, published
from harness_plugins.evaluators.alpaca_eval.library import configurations, library_version
from harness_plugins.evaluators.alpaca_eval.local_judges import by_causal_model, by_reward_model, by_source
from harness_plugins.evaluators.alpaca_eval.questions import (
    Question,
    chosen,
    from_file,
    held_out,
    outputs,
    places,
    questions,
)
from harness_plugins.evaluators.alpaca_eval.template import DEFAULT, Template, read_template
from harness_plugins.evaluators.prompts import shown

INSTRUCTIONS = 805
"""Of AlpacaEval."""


class _Judge(NamedTuple):
    called: str
    """For people, in a sentence."""
    complete: Complete
    notes: Mapping[str, Any]
    counted: Mapping[str, int]
    """Filled while it judges."""


CUT = "prompts of which it saw only the end"


def _told(judge: _Judge) -> str:
    """The judge, with what a reader must know of it."""
    cut = judge.counted.get(CUT, 0)
    return judge.called + (f" (its context was too short for {cut:,} prompts: it saw only their end)" if cut else "")


@dataclass(frozen=True)
class AlpacaEval(harness.Evaluator):
    """Win rate of greedy answers to held-out prompts against reference outputs, raw and length-controlled."""

    name: ClassVar[str] = "alpaca_eval"
    source: ClassVar[str] = "AlpacaEval: annotators, parsers and metrics of the package alpaca-eval"
    columns: ClassVar = "none"
    needs_language_model: ClassVar[bool] = True
    path_options: ClassVar[tuple[str, ...]] = ("instructions", "references")
    model_options: ClassVar[tuple[str, ...]] = ("judge_model",)
    neutral_options: ClassVar[tuple[str, ...]] = ("api_key_env", "concurrency", "timeout", "retries", "back_off")

    judge: Literal["source", "causal", "reward", "endpoint"] = "source"
    """The source's own judge; a causal language model by the log-probs of its verdict; a reward model, by the sigmoid
    of the difference of rewards; an OpenAI-compatible endpoint."""
    judge_model: str = ""
    """Folder or Hub id of the model, for `causal` and `reward`."""
    endpoint: str = ""
    """Base URL of the API, for `endpoint`; it usually ends in /v1. No key may stand in it."""
    endpoint_model: str = ""
    """Name of the served model, for `endpoint`."""
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
    timeout: float = 120.0
    """Seconds for one request to an endpoint, > 0."""
    retries: int = 8
    """Tries of a request after the first, at least 0, where an endpoint fails in passing (429, 5xx, no connection)."""
    back_off: float = 1.0
    """Seconds before the second try, >= 0; doubled before each further one, to 60 at most."""

    def __post_init__(self) -> None:
        least = {"prompts": 1, "max_tokens": 1, "judge_tokens": 0, "top_logprobs": 2, "concurrency": 1}
        least |= {"retries": 0, "back_off": 0}
        for option, bound in least.items():
            if not getattr(self, option) >= bound:
                raise ValueError(f"{option} is {getattr(self, option)}; it must be at least {bound}")
        if not self.timeout > 0:
            raise ValueError(f"timeout is {self.timeout}; it must be > 0")
        if self.references and self.chosen:
            raise ValueError("references and chosen exclude each other")
        if self.length_control == "published" and not self.instructions:
            raise ValueError("length_control: published goes with AlpacaEval's own instructions")
        local = self.judge in ("causal", "reward")
        if local != bool(self.judge_model):
            raise ValueError("judge_model goes with the judges causal and reward, and with no other")
        remote = self.judge == "endpoint"
        if remote != bool(self.endpoint) or remote != bool(self.endpoint_model):
            raise ValueError("endpoint and endpoint_model go with the judge endpoint, and with no other")
        if self.judge not in ("causal", "endpoint") and self.template != DEFAULT:
            raise ValueError("template goes with the judges causal and endpoint")
        address = urlsplit(self.endpoint)
        if address.username or address.password or address.query or address.fragment:
            raise ValueError("endpoint has more than an address in it; a key belongs into the environment")
        if remote and (address.scheme not in ("http", "https") or not address.hostname):
            raise ValueError(f"endpoint is {self.endpoint!r}; it must begin with http:// or https://")

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
        judge = self._judge(subject, template)
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
        controlled = self._length_controlled(readable)
        return harness.Evaluation(
            figures=make_figures(readable, _told(judge), controlled),
            generations=tuple(
                harness.Generation(a.item, shown(q.prompt), a.text, finished=a.finished)
                for q, a in zip(asked, answers, strict=True)
            ),
            counted=counts(judged, readable, controlled)
            | ({"prompts without a reference": without} if without else {}),
            notes={
                "alpaca-eval": library_version(),
                "judge": dict(judge.notes) | dict(judge.counted),
                "template": template.name,
                "template_digest": template.digest,
                "parser": template.parser,
                "winrate": _finite(winrate(preferences_of(readable).tolist())),
                "characters": _characters(readable),
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

    def _length_controlled(self, judged: Sequence[Judged]) -> LengthControlled | None:
        preferences = preferences_of(judged)
        references, answers = [j.question.reference for j in judged], [j.answer.text for j in judged]
        if self.length_control == "own":
            return length_controlled(preferences, references, answers)
        place_of = places(self.instructions)
        if len(place_of) != INSTRUCTIONS:
            raise harness.HarnessError(
                f"the published length control is for AlpacaEval's {INSTRUCTIONS} instructions, not {len(place_of)}",
                fix="set `length_control: own`, or `instructions` to AlpacaEval's own",
            )
        return published(preferences, references, answers, [place_of[j.question.prompt] for j in judged])

    def _judge(self, subject: harness.Subject, template: Template) -> _Judge:
        if self.judge == "causal":
            if not template.verdicts:
                raise harness.HarnessError(
                    f"a causal judge cannot follow the template {template.name!r}: its verdict is no first token",
                    fix=f"set `template: {DEFAULT}`",
                )
            cut: dict[str, int] = {}
            complete = partial(self._by_causal, subject, template, cut)
            return _Judge("a causal judge model", complete, {"kind": "causal"}, cut)
        if self.judge == "reward":
            notes = {"kind": "reward", "preference": "sigmoid of the difference in reward"}
            return _Judge("a reward model", partial(self._by_reward, subject), notes, {})
        if self.judge == "endpoint":
            served = self._served(subject, template)
            notes = {"kind": "endpoint", "endpoint": self.endpoint, "model": self.endpoint_model}
            return _Judge(f"the judge {self.endpoint_model!r}", served.complete, notes, served.counted)
        own = subject.judge()
        if own is None:
            raise harness.Unavailable(
                "the source offers no judge",
                fix="set `judge` to causal or reward with a `judge_model`, or to endpoint",
            )
        return _Judge("the source's judge", partial(by_source, own), {"kind": "source"}, {})

    def _by_causal(
        self,
        subject: harness.Subject,
        template: Template,
        counted: dict[str, int],
        asked: Sequence[harness.Comparison],
    ) -> list[Completion]:
        scorer = subject.scorer(self.judge_model)
        found = by_causal_model(scorer, template, asked)
        if scorer.cut:
            counted[CUT] = scorer.cut
        return found

    def _by_reward(self, subject: harness.Subject, asked: Sequence[harness.Comparison]) -> list[Completion]:
        return by_reward_model(subject.rater(self.judge_model), asked)

    def _served(self, subject: harness.Subject, template: Template) -> Endpoint:
        return Endpoint(
            url=self.endpoint,
            model=self.endpoint_model,
            key_variable=self.api_key_env,
            template=template,
            top_logprobs=self.top_logprobs,
            max_tokens=self.judge_tokens,
            patience=Patience(self.concurrency, self.timeout, self.retries, self.back_off),
            folder=subject.kept("verdicts"),
            tell=subject.tell,
        )


def _finite(numbers: Mapping[str, float]) -> dict[str, float]:
    return {key: value for key, value in numbers.items() if np.isfinite(value)}


def _characters(judged: Iterable[Judged]) -> dict[str, float]:
    """Mean lengths, which length control compares."""
    lengths = np.array([[len(j.answer.text), len(j.question.reference)] for j in judged], np.float64).mean(0)
    return {"answers": float(lengths[0]), "references": float(lengths[1])}


@harness.hookimpl
def harness_evaluators() -> Iterable[type[harness.Evaluator]]:
    """Offers `alpaca_eval`."""
    return [AlpacaEval]
