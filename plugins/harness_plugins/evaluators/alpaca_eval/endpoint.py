"""A judge behind an OpenAI-compatible endpoint: asked with patience, and never twice for the same verdict."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from harness.digest import digest
from harness_plugins.evaluators.alpaca_eval import costs
from harness_plugins.evaluators.alpaca_eval.annotate import Completion
from harness_plugins.evaluators.alpaca_eval.completion import NoCompletion, completion_of, is_completion
from harness_plugins.evaluators.alpaca_eval.costs import Prices
from harness_plugins.evaluators.alpaca_eval.pace import Pace
from harness_plugins.evaluators.alpaca_eval.patience import BUSY, Patience, fate, is_late, retry_after, status_of
from harness_plugins.evaluators.alpaca_eval.secret import Secret
from harness_plugins.evaluators.alpaca_eval.template import Template
from harness_plugins.evaluators.alpaca_eval.verdicts import Verdict, Verdicts

COUNTED = ("asked", "cached", "retried", "unanswered", "given_up", "prompt_tokens", "completion_tokens", "broken")
"""What the use of an endpoint is told in. The tokens are those of what was asked now, not of what was known."""

GIVEN_UP: Verdict = {"completion": {"text": ""}, "given_up": True}
"""Of a comparison that the endpoint does not take. It is never kept: nothing was paid for it."""
ENOUGH = 20
"""Comparisons that an endpoint refuses before it takes any; then it is not about them."""


def _nobody(text: str) -> None:
    del text


@dataclass
class Endpoint:
    """The chat completions of one served model."""

    url: str
    model: str
    key_variable: str
    """The environment variable that holds the key."""
    template: Template
    top_logprobs: int
    max_tokens: int
    """0: as the template asks."""
    patience: Patience
    folder: Path
    """Where verdicts are kept."""
    tell: Callable[[int, int], None]
    say: Callable[[str], None] = _nobody
    """Told what it costs, and of trouble."""
    prices: Prices = field(default_factory=Prices)
    counted: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))
    """What became of the requests of this run."""
    used: Counter[str] = field(default_factory=Counter[str])
    """What is the same whether a verdict was known before or not: for the board."""

    def __post_init__(self) -> None:
        self._key = Secret.of(self.key_variable)
        self._failure: Exception | None = None
        self._said: set[str] = set()

    @property
    def called(self) -> str:
        """For people, in a sentence."""
        return f"the judge {self.model!r} at {self.url}"

    def request(self, comparison: harness.Comparison) -> dict[str, Any]:
        """The body of the request for one comparison."""
        body = {**self.template.request, "temperature": 0}
        if self.template.parser == "logprob_parser":
            body |= {"logprobs": True, "top_logprobs": self.top_logprobs}
        if self.max_tokens:
            body["max_tokens"] = self.max_tokens
        messages = [{"role": turn.role, "content": turn.content} for turn in self.template.fill(comparison)]
        return {"model": self.model, "messages": messages, **body}

    def complete(self, comparisons: Sequence[harness.Comparison]) -> list[Completion]:
        """See `annotate.Complete`.

        Raises:
            HarnessError: the endpoint refuses, or still fails after the last try. Verdicts it gave are kept.
        """
        bodies = [self.request(comparison) for comparison in comparisons]
        names = [self._name(body) for body in bodies]
        requests = dict(zip(names, bodies, strict=True))
        with Verdicts(self.folder) as verdicts:
            found = {name: verdict for name in requests if (verdict := _known(verdicts, name)) is not None}
            missing = {name: body for name, body in requests.items() if name not in found}
            self.say(costs.before(self.called, len(found), missing.values(), self.prices))
            self.counted["cached"] += len(found)
            try:
                if missing:
                    _run(self._ask(missing, verdicts, found))
            finally:
                self.counted["broken"] = verdicts.broken
                if missing:
                    self.say(costs.after(self.called, self.counted, self.prices))
        self._use(found.values())
        return [found[name]["completion"] for name in names]

    def _name(self, body: Mapping[str, Any]) -> str:
        """Everything that decides about the answer: where, which model, the prompt with both texts, how it is drawn."""
        return digest({"endpoint": self.url.rstrip("/"), "request": body})

    def _use(self, verdicts: Any) -> None:
        for verdict in verdicts:
            for kind in ("prompt", "completion"):
                self.used[f"judge {kind} tokens"] += verdict.get("usage", {}).get(f"{kind}_tokens", 0)
            if verdict.get("given_up"):
                self.used["comparisons that the judge does not take: too long, or against its rules"] += 1
            cut = verdict["completion"].get("finish_reason") == "length"
            if cut and self.template.parser != "logprob_parser":
                self.used["verdicts cut at the judge's token limit"] += 1

    async def _ask(
        self, requests: Mapping[str, Mapping[str, Any]], verdicts: Verdicts, found: dict[str, Verdict]
    ) -> None:
        """Add to `found`, by as many workers as requests may be in flight. A failure lets those end that are."""
        pending, total = deque(requests.items()), len(requests) + len(found)
        self.tell(len(found), total)
        self._pace, self._moved = Pace(self.patience.per_minute), time.monotonic()
        async with self._client() as client:

            async def work() -> None:
                try:
                    while pending and not self._pace.over.is_set():
                        name, body = pending.popleft()
                        verdict = await self._settle(client, verdicts, name, body)
                        if verdict is None:
                            pending.append((name, body))  # another process is asking
                        else:
                            found[name] = verdict
                            self.tell(len(found), total)
                except Exception as error:
                    self._failure = self._failure or error
                    self._pace.over.set()

            await asyncio.gather(*(work() for _ in range(min(self.patience.concurrency, len(pending)))))
        if self._failure is not None:
            raise self._failure

    async def _settle(self, client: Any, verdicts: Verdicts, name: str, body: Mapping[str, Any]) -> Verdict | None:
        """The verdict, of this or another process; None while another process asks for it."""
        if not verdicts.claim(name):
            if time.monotonic() - self._moved > self.patience.total:
                raise harness.HarnessError(
                    f"another process has been asking {self.called} for {self.patience.total:g} seconds",
                    fix="end it, or wait for it, and run again",
                )
            await self._pace.rest(0.02)
            return None
        try:
            known = _known(verdicts, name)
            if known is not None:
                self.counted["cached"] += 1
                return known
            answer = await self._patiently(client, body)
            if answer is None:
                return GIVEN_UP
            verdict = {"endpoint": self.url, "model": self.model, **self._key.taken_out(answer)}
            verdicts.put(name, verdict)
            self.counted["asked"] += 1
            self.counted.update(verdict["usage"])
            return verdict
        finally:
            verdicts.release(name)
            self._moved = time.monotonic()

    async def _patiently(self, client: Any, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """What is kept of the answer; None for a comparison that the endpoint does not take."""
        import openai

        began, tries, limit = time.monotonic(), 0, self.patience.timeout
        while True:
            await self._pace.turn()
            if self._pace.over.is_set():
                raise harness.HarnessError("another request to the judge failed")  # which is the one reported
            tries += 1
            self.counted["retried"] += tries > 1
            try:
                async with asyncio.timeout(limit):
                    raw = await client.chat.completions.with_raw_response.create(**body, timeout=limit)
                return completion_of(raw.http_response.content)
            except (openai.OpenAIError, TimeoutError, NoCompletion) as error:
                what, trouble = fate(error), _trouble(error, limit)
                self.counted["unanswered"] += what == "again" and not status_of(error)
                if what == "without" and self._without(trouble):
                    return None
                wait = self.patience.wait(tries, asked := retry_after(error))
                late = time.monotonic() - began + wait > self.patience.total
                if what != "again" or tries > self.patience.retries or late:
                    trouble += (
                        f" and asks to wait {asked:.0f} seconds before the next request" if late and asked else ""
                    )
                    raise self._failed(error, trouble, tries) from None  # the chain would show the request
                self._warn(trouble, wait)
                if is_late(error):
                    limit *= 2  # what was given up is charged all the same: not once more, should it only be slow
                if status_of(error) in BUSY:
                    self._pace.hold(wait)
            await self._pace.rest(wait)

    def _without(self, trouble: str) -> bool:
        """Whether to go on without this one."""
        self.counted["given_up"] += 1
        self._warn(trouble, None)
        return self.counted["asked"] + self.counted["cached"] > 0 or self.counted["given_up"] < ENOUGH

    def _warn(self, trouble: str, wait: float | None) -> None:
        """Say it, once for each kind of trouble."""
        if trouble not in self._said:
            self._said.add(trouble)
            then = "the comparison is given up" if wait is None else f"it is asked again in {wait:.2g} s"
            self.say(f"{self.called} failed with {trouble}; {then} (said once)")

    def _client(self) -> Any:
        import openai

        return openai.AsyncOpenAI(
            api_key=self._key.text or "none",
            base_url=self.url,
            max_retries=0,
            timeout=self.patience.timeout,
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),  # what else answers is another judge
        )

    def _failed(self, error: Exception, trouble: str, tries: int) -> harness.HarnessError:
        said = self._key.out_of(str(error))[:300]
        return harness.HarnessError(
            f"{self.called} failed after {tries} {'try' if tries == 1 else 'tries'} with {trouble}"
            + (f": {said}" if said else ""),
            fix=self._remedy(error),
        )

    def _remedy(self, error: Exception) -> str:
        status = status_of(error)
        if status in (401, 403):
            state = "is set, but not accepted" if self._key.text else "is not set"
            return f"set the environment variable {self.key_variable} to a key of this endpoint; it {state}"
        if 300 <= status < 400:
            response: Any = getattr(error, "response", None)
            return f"set `endpoint` to where it redirects: {self._key.out_of(response.headers.get('location', '?'))}"
        if status in (404, 405):
            return "check `endpoint` (it usually ends in /v1) and `endpoint_model`"
        if 400 <= status < 429:
            return "check `template`, `top_logprobs` and `judge_tokens` against what this endpoint takes"
        if isinstance(error, NoCompletion):
            return "check `endpoint`: it must speak the OpenAI protocol, and usually ends in /v1; run again if it does"
        return "run again once the endpoint answers: verdicts that were given are kept"


def _trouble(error: Exception, limit: float) -> str:
    if status_of(error):
        return f"status {status_of(error)}"
    if isinstance(error, NoCompletion):
        return "a reply that is no chat completion"
    return f"no whole reply within {limit:g} seconds" if is_late(error) else "no connection, or one that broke off"


def _known(verdicts: Verdicts, name: str) -> Verdict | None:
    """A verdict that can be used; a line of another make is as good as none."""
    found = verdicts.get(name)
    usable = found is not None and is_completion(found.get("completion")) and isinstance(found.get("usage"), dict)
    return found if usable else None


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Also where an event loop runs already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
