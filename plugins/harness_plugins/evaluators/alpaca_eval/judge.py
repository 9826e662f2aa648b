"""The judge that the options of `alpaca_eval` name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import harness
from harness.source import KeptJudge
from harness_plugins.evaluators.alpaca_eval.annotate import Complete, Completion
from harness_plugins.evaluators.alpaca_eval.costs import Prices
from harness_plugins.evaluators.alpaca_eval.endpoint import Endpoint
from harness_plugins.evaluators.alpaca_eval.kept import Kept
from harness_plugins.evaluators.alpaca_eval.local_judges import (
    by_causal_model,
    by_length,
    by_reward_model,
    by_source,
    is_chance,
    is_logprobs,
    is_rewards,
)
from harness_plugins.evaluators.alpaca_eval.patience import Patience
from harness_plugins.evaluators.alpaca_eval.replay import by_recording
from harness_plugins.evaluators.alpaca_eval.template import DEFAULT, Template

if TYPE_CHECKING:
    from harness_plugins.evaluators.alpaca_eval import AlpacaEval


@dataclass(frozen=True)
class Judge:
    """Who compares answers. What it counts is filled while it judges."""

    called: str
    """For people, in a sentence."""
    complete: Complete
    notes: Mapping[str, Any]
    counted: Mapping[str, int] = field(default_factory=dict[str, int])
    """What became of its questions in this run: kept in the record."""
    used: Mapping[str, int] = field(default_factory=dict[str, int])
    """What is the same whether a verdict was known before or not: shown on the board."""
    cut: Mapping[str, int] = field(default_factory=dict[str, int])
    """Of texts longer than its context."""

    @property
    def told(self) -> str:
        """What it is called, with what a reader must know of it once it has judged."""
        cut = sum(self.cut.values())
        return self.called + (f" (its context was too short: {cut:,} texts it saw only in part)" if cut else "")


def make_judge(options: AlpacaEval, lender: harness.Lender, template: Template) -> Judge:
    """The judge that the options name, with all it needs but the comparisons.

    Raises:
        Unavailable: the source offers none.
        HarnessError: it cannot follow the template.
    """
    if options.judge == "causal":
        if not template.verdicts:
            raise harness.HarnessError(
                f"a causal judge cannot follow the template {template.name!r}: its verdict is no first token",
                fix=f"set `template: {DEFAULT}`",
            )
        return _causal(options.judge_model, lender, template)
    if options.judge == "reward":
        return _reward(options.judge_model, lender)
    if options.judge == "endpoint":
        served = _endpoint(options, lender, template)
        notes = {"kind": "endpoint", "endpoint": options.endpoint, "model": options.endpoint_model}
        return Judge(f"the judge {options.endpoint_model!r}", served.complete, notes, served.counted, served.used)
    if options.judge == "length":
        return Judge("a judge that counts characters", by_length, {"kind": "length"})
    if options.judge == "replay":
        missing: dict[str, int] = {}
        complete = partial(by_recording, options.annotations, missing)
        return Judge("the judge whose verdicts are replayed", complete, {"kind": "replay"}, missing)
    return _of_source(lender)


def _of_source(lender: harness.Lender) -> Judge:
    own = lender.judge()
    if own is None:
        raise harness.Unavailable(
            "the source offers no judge",
            fix="set `judge` to causal or reward with a `judge_model`, or to endpoint",
        )
    kept = None
    if isinstance(own, KeptJudge):
        kept = Kept(lender.kept("verdicts"), {"source": own.identity}, lender.tell, is_chance)
    counted = kept.counted if kept else {}
    return Judge("the source's judge", partial(by_source, own, kept=kept), {"kind": "source"}, counted)


def _causal(model: str, lender: harness.Lender, template: Template) -> Judge:
    kept = Kept(lender.kept("verdicts"), {"causal": lender.identity(model)}, lender.tell, is_logprobs)
    cut: Counter[str] = Counter()

    def complete(asked: Sequence[harness.Comparison]) -> list[Completion]:
        return by_causal_model(lender.scorer(model), template, asked, kept, cut)

    return Judge("a causal judge model", complete, {"kind": "causal"}, kept.counted, cut=cut)


def _reward(model: str, lender: harness.Lender) -> Judge:
    kept = Kept(lender.kept("verdicts"), {"reward": lender.identity(model)}, lender.tell, is_rewards)
    cut: Counter[str] = Counter()

    def complete(asked: Sequence[harness.Comparison]) -> list[Completion]:
        return by_reward_model(lender.rater(model), asked, kept, cut)

    notes = {"kind": "reward", "preference": "sigmoid of the difference in reward"}
    return Judge("a reward model", complete, notes, kept.counted, cut=cut)


def _endpoint(options: AlpacaEval, lender: harness.Lender, template: Template) -> Endpoint:
    return Endpoint(
        url=options.endpoint,
        model=options.endpoint_model,
        key_variable=options.api_key_env,
        template=template,
        top_logprobs=options.top_logprobs,
        max_tokens=options.judge_tokens,
        patience=Patience(
            concurrency=options.concurrency,
            timeout=options.timeout,
            retries=options.retries,
            back_off=options.back_off,
            total=options.patience,
            per_minute=options.requests_per_minute,
        ),
        folder=lender.kept("verdicts"),
        tell=lender.tell,
        say=lender.say,
        prices=Prices(options.prompt_price, options.completion_price),
    )
