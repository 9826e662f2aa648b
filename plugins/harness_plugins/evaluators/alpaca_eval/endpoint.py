"""A judge behind an OpenAI-compatible endpoint: asked with patience, and never twice for the same verdict."""

from __future__ import annotations

import email.utils
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import harness
from harness.digest import digest
from harness_plugins.evaluators.alpaca_eval.annotate import Completion
from harness_plugins.evaluators.alpaca_eval.template import Template
from harness_plugins.evaluators.alpaca_eval.verdicts import Verdict, Verdicts

RETRIED = frozenset({408, 409, 429})
"""Statuses, beside all from 500 on, that another try may mend."""
LONGEST_BACK_OFF = 60.0
"""Seconds between two tries, where the server does not ask for more."""
LONGEST_WAIT = 600.0
"""Seconds. A server that asks to wait longer has run out of something."""

COUNTED = ("asked", "cached", "retried", "prompt_tokens", "completion_tokens")
"""What an endpoint's use is told in."""


@dataclass(frozen=True)
class Patience:
    """How an endpoint is treated."""

    concurrency: int
    """Requests in flight."""
    timeout: float
    """Seconds for one try."""
    retries: int
    """Tries after the first."""
    back_off: float
    """Seconds before the second try; doubled before each further one."""


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
    counted: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(COUNTED, 0)))

    def __post_init__(self) -> None:
        self._key = os.environ.get(self.key_variable, "")
        self._over = threading.Event()
        self._first_failure: Exception | None = None

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
        requests = {self._name(body): body for body in map(self.request, comparisons)}
        names = [self._name(self.request(comparison)) for comparison in comparisons]
        with Verdicts(self.folder) as verdicts:
            found = {name: verdict for name in requests if (verdict := verdicts.get(name)) is not None}
            self.counted["cached"] += len(found)
            self._ask({name: body for name, body in requests.items() if name not in found}, verdicts, found)
        return [found[name]["completion"] for name in names]

    def _name(self, body: Mapping[str, Any]) -> str:
        """Everything that decides about the answer."""
        return digest({"endpoint": self.url.rstrip("/"), "request": body})

    def _ask(self, requests: Mapping[str, Mapping[str, Any]], verdicts: Verdicts, found: dict[str, Verdict]) -> None:
        if not requests:
            return
        total = len(requests) + len(found)
        self.tell(len(found), total)
        with self._client() as client, ThreadPoolExecutor(self.patience.concurrency) as pool:
            asked = {pool.submit(self._verdict, client, verdicts, n, body): n for n, body in requests.items()}
            try:
                for future in as_completed(asked):
                    verdict, tries = future.result()
                    found[asked[future]] = verdict
                    self._count(verdict, tries)
                    self.tell(len(found), total)
            except Exception as error:
                raise self._first_failure or error from None
            finally:
                self._over.set()
                pool.shutdown(wait=False, cancel_futures=True)

    def _count(self, verdict: Verdict, tries: int) -> None:
        self.counted["asked" if tries else "cached"] += 1
        if tries:
            self.counted["retried"] += tries - 1
            for kind in ("prompt_tokens", "completion_tokens"):
                self.counted[kind] += verdict["usage"].get(kind) or 0

    def _client(self) -> Any:
        import openai

        return openai.OpenAI(
            api_key=self._key or "none", base_url=self.url, max_retries=0, timeout=self.patience.timeout
        )

    def _verdict(self, client: Any, verdicts: Verdicts, name: str, body: Mapping[str, Any]) -> tuple[Verdict, int]:
        """(verdict, tries it took); no try where another process was faster."""
        with verdicts.claimed(name):
            known = verdicts.get(name)
            if known is not None:
                return known, 0
            try:
                answer, tries = self._patiently(client, body)
            except Exception as error:
                self._first_failure = self._first_failure or error
                self._over.set()
                raise
            verdict = {"endpoint": self.url, "model": self.model, **answer}
            verdicts.put(name, verdict)
            return verdict, tries

    def _patiently(self, client: Any, body: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
        """(what is kept of the answer, tries it took)."""
        import openai

        for tries in range(1, self.patience.retries + 2):
            if self._over.is_set():
                raise harness.HarnessError(
                    "another request to the judge failed"
                )  # which is the failure that is reported
            try:
                answer = client.chat.completions.create(**body)
            except openai.OpenAIError as error:
                if tries > self.patience.retries or not _passing(error):
                    raise self._failure(error, tries) from None  # the chain would show the request
                self._over.wait(self._wait(error, tries))
            except ValueError as error:
                raise self._no_completion(str(error)) from None
            else:
                try:
                    return _kept(answer.model_dump(warnings=False)), tries
                except (AttributeError, LookupError, TypeError):
                    raise self._no_completion(_instead(answer)) from None
        raise AssertionError("the last try returns or raises")

    def _wait(self, error: Exception, tries: int) -> float:
        """Seconds: twice as long after each try, up to a quarter more or less, but at least what the server asks."""
        own = min(self.patience.back_off * 2 ** (tries - 1), LONGEST_BACK_OFF) * random.uniform(0.75, 1.25)
        asked = _retry_after(error)
        if asked > LONGEST_WAIT:
            raise harness.HarnessError(
                f"the judge at {self.url} asks to wait {asked:.0f} seconds before the next request",
                fix="run again later: verdicts that were given are kept",
            )
        return max(own, asked)

    def _failure(self, error: Exception, tries: int) -> harness.HarnessError:
        status = getattr(error, "status_code", None)
        what = f"status {status}" if status else type(error).__name__
        said = self._without_key(str(error))[:300]
        return harness.HarnessError(
            f"the judge {self.model!r} at {self.url} failed after {tries} {'try' if tries == 1 else 'tries'} "
            f"with {what}: {said}",
            fix=self._remedy(status),
        )

    def _remedy(self, status: int | None) -> str:
        if status in (401, 403):
            state = "is set, but not accepted" if self._key else "is not set"
            return f"set the environment variable {self.key_variable} to a key of this endpoint; it {state}"
        if status == 404:
            return "check `endpoint` (it usually ends in /v1) and `endpoint_model`"
        if status == 400:
            return "check `template`, `top_logprobs` and `judge_tokens` against what this endpoint takes"
        return "run again once the endpoint answers: verdicts that were given are kept"

    def _no_completion(self, detail: str) -> harness.HarnessError:
        return harness.HarnessError(
            f"the judge at {self.url} sent something that is no chat completion: {self._without_key(detail)[:300]}",
            fix="check `endpoint`: it must speak the OpenAI protocol, and usually ends in /v1",
        )

    def _without_key(self, text: str) -> str:
        return text.replace(self._key, "***") if self._key else text


def _passing(error: Exception) -> bool:
    """Whether another try may succeed."""
    import openai

    if isinstance(error, openai.APIConnectionError):  # timeouts too
        return True
    status = getattr(error, "status_code", 0)
    spent = getattr(error, "code", None) == "insufficient_quota"
    return not spent and (status in RETRIED or status >= 500)


def _retry_after(error: Exception) -> float:
    """Seconds the server asks to wait; 0 where it does not say."""
    response = getattr(error, "response", None)
    if response is None:
        return 0.0
    asked = response.headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(asked))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return 0.0


def _instead(answer: Any) -> str:
    """What an answer is that is no chat completion: the error it states, where it does."""
    error = getattr(answer, "error", None)
    return f"it states the error {error}" if error else "it holds no choice that can be read"


def _kept(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a chat completion: text or arguments of a call, and log-probs, in the form parsers read.

    Raises:
        AttributeError, LookupError, TypeError: it is none.
    """
    choice = answer["choices"][0]
    message = choice.get("message") or {}
    text = message.get("content") or ""
    if message.get("function_call"):
        text = message["function_call"]["arguments"]
    if message.get("tool_calls"):
        text = message["tool_calls"][0]["function"]["arguments"]
    # Half of a surrogate pair, which JSON can hold, could not be encoded again.
    text = str(text).encode("utf-8", "replace").decode()
    completion: dict[str, Any] = {"text": text, "finish_reason": choice.get("finish_reason")}
    positions = (choice.get("logprobs") or {}).get("content")
    if positions:
        completion["logprobs"] = {
            "content": [
                {"top_logprobs": [{"token": t["token"], "logprob": t["logprob"]} for t in position["top_logprobs"]]}
                for position in positions
            ]
        }
    usage = answer.get("usage") or {}
    counts = {key: usage[key] for key in ("prompt_tokens", "completion_tokens") if isinstance(usage.get(key), int)}
    return {"completion": completion, "usage": counts, "served": answer.get("model")}
