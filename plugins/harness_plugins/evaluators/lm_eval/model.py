"""A model in memory, as lm-eval asks it."""

from __future__ import annotations

import copy
import json
import math
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lm_eval.api.instance import Instance
from lm_eval.api.model import CacheHook
from lm_eval.models import huggingface

import harness

SHOWN = 40
"""Characters of a prompt or an answer that an error shows."""

_Hf: Any = huggingface.HFLM


class Watch(CacheHook):
    """Told by lm-eval of each request it has answered, in the order the model answered them.

    Args:
        tell: called with requests done and requests in all.
    """

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        super().__init__(None)
        self._tell, self._done = tell, 0
        self.total = 0
        """Requests so far asked for."""
        self.ended: deque[bool] = deque()
        """Of responses that are generated but not yet handed on: whether each came to its end."""
        self._finished: defaultdict[str, deque[bool]] = defaultdict(deque)

    def add_partial(self, attr: str, req: Any, res: Any) -> None:
        """See `CacheHook`."""
        del res
        if attr == "generate_until":
            self._finished[_key(req)].append(self.ended.popleft())
        self._done += 1
        self._tell(self._done, self.total)

    def finished(self, request: Any) -> bool:
        """Whether the next response to a request came to a stop text or the end-of-sequence token, not to the cap.

        To be asked once for each: sampled responses to one request end in different ways.
        """
        return self._finished[_key(request)].popleft()


class InMemory(_Hf):  # pyright: ignore[reportUntypedBaseClass]  # lm-eval's decorator hides the type
    """lm-eval's own `hf` model around one that is loaded.

    Args:
        model: a transformers model, in evaluation mode.
        tokenizer: stays as it is.
        watch: told of every answer.
        batch_size: sequences a forward pass.
        model_args: further arguments of `HFLM`.
    """

    def __init__(
        self, model: Any, tokenizer: Any, watch: Watch, *, batch_size: int, model_args: Mapping[str, Any]
    ) -> None:
        own = copy.deepcopy(tokenizer) if tokenizer.pad_token is None else tokenizer  # lm-eval sets one where it lacks
        super().__init__(pretrained=model, tokenizer=own, batch_size=batch_size, **model_args)
        self._watch = watch
        self._own_context = getattr(model.config.get_text_config(), "max_position_embeddings", None) or math.inf
        self.beyond = 0
        """Texts scored, by leave of `max_length`, that are longer than the model's own context."""
        self.unheard = 0
        """Answers without a token that lm-eval gave a log-prob of 0, having looked them up beside a longer one."""
        self._task_of: dict[Any, str] = {}
        """Of the request in hand, the task that asks it."""
        self.set_cache_hook(watch)

    def loglikelihood(self, requests: list[Instance], disable_tqdm: bool = True) -> list[tuple[float, bool]]:
        """See `HFLM`."""
        self._watch.total += len(requests)
        self._task_of = {request.args: str(request.task_name) for request in requests}
        return super().loglikelihood(requests, disable_tqdm=disable_tqdm)

    def loglikelihood_rolling(self, requests: list[Instance], disable_tqdm: bool = True) -> list[float]:
        """See `HFLM`."""
        self._watch.total += len(requests)
        return super().loglikelihood_rolling(requests, disable_tqdm=disable_tqdm)

    def generate_until(self, requests: list[Instance], disable_tqdm: bool = True) -> list[str]:
        """See `HFLM`."""
        self._watch.total += len(requests)
        try:
            return super().generate_until(requests, disable_tqdm=disable_tqdm)
        except AssertionError as error:
            if not str(error):
                raise
            raise harness.Unavailable(str(error).rstrip("."), fix="set `gen_kwargs: {max_gen_toks: ...}`") from error

    def _loglikelihood_tokens(self, requests: list[Any], *args: Any, **kwargs: Any) -> Any:
        try:
            found = super()._loglikelihood_tokens(requests, *args, **kwargs)
        except AssertionError as error:  # of answers that it finds in the logits of longer ones it asserts nothing
            if not (odd := [request for request in requests if not 0 < len(request[2]) <= self.max_length]):
                raise
            raise self._unscorable(odd) from error
        self.unheard += sum(not answer for _, _, answer in requests)
        scored = (min(len(prompt) + len(answer) - 1, self.max_length) for _, prompt, answer in requests)
        self.beyond += sum(length > self._own_context for length in scored)
        return found

    def _unscorable(self, odd: Sequence[Any]) -> harness.Unavailable:
        """Why lm-eval stops at answers that have no token, or more than the context."""
        (before, answer), _, tokens = odd[0]
        task = self._task_of.get(odd[0][0], "a task")
        alike = sum(bool(t) == bool(tokens) for asked, _, t in odd if self._task_of.get(asked, "a task") == task)
        prompt, answer = (text if len(text) <= SHOWN else f"{text[:SHOWN]}..." for text in (before[-SHOWN:], answer))
        if tokens:
            return harness.Unavailable(
                f"{task}: lm-eval asserts that every answer fits in this policy's context, {self.max_length} tokens;"
                f" too long: {alike:,}, the first of them {answer!r} with {len(tokens)}",
                fix="set `model_args: {max_length: ...}` where the model bears it, or leave the task out",
            )
        return harness.Unavailable(
            f"{task}: lm-eval asserts that every answer has a token; without one by this policy's tokenizer: {alike:,},"
            f" the first of them {answer!r} after {prompt!r}",
            fix="leave the task out: lm-eval cannot score it with this tokenizer",
        )

    def _model_generate(self, context: Any, max_length: int, stop: list[str], **kwargs: Any) -> Any:
        rows = super()._model_generate(context, max_length, stop, **kwargs)
        for row in rows[:, context.shape[1] :].tolist():
            text = self.tok_decode(row, skip_special_tokens=False)
            self._watch.ended.append(self.eot_token_id in row or any(term and term in text for term in stop))
        return rows


def _key(request: Any) -> str:
    """Names a request: its prompt and how to generate."""
    return json.dumps(request, sort_keys=True, default=str)
