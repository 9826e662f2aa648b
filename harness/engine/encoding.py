"""Text to tokens: prompt and response apart, so that the boundary is exact, and truncation by a stated policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from harness.engine.token_bank import TokenBank
from harness.errors import ModelError
from harness.examples import Example, Prompt, Response, user_prompt
from harness.training import Tokens

LONGEST_DEFAULT = 2048
"""Tokens: the longest prompt + response where the suite says nothing, and the model no less."""

CUT_PROMPTS = "prompts cut on the left"
"""What `Encoder.counted` calls them."""
CUT_RESPONSES = "responses cut on the right"
"""Likewise."""

Ids: TypeAlias = Mapping[str, tuple[int, ...]]
"""Of texts, as the tokenizer gives them."""

_PLAIN_NAMES = {"system": "System", "user": "User", "assistant": "Assistant"}


@dataclass(frozen=True, slots=True)
class Fresh:
    """What is known of samples that were drawn from the policy for one step. k of them."""

    reference: tuple[float, ...]
    """(k,) nats under the reference, summed over tokens."""
    finished: tuple[bool, ...]
    """(k,) False where the cap on tokens stopped it."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as token ids. Every response has at least one token, every prompt too."""

    example: Example
    prompts: tuple[tuple[int, ...], ...]
    """Distinct prompts; one unless a response has a prompt of its own."""
    prompt_of: tuple[int, ...]
    """(responses,) index into `prompts`."""
    responses: tuple[tuple[int, ...], ...]
    """(responses,) token ids, the end-of-sequence token last unless the response was cut."""
    fresh: Fresh | None = None
    """Where it is given, the last k responses are samples, and none of the example's own."""
    kept: tuple[int, ...] | None = None
    """Where it is given, which of the example's responses these are, by index; the others are not computed."""

    @property
    def samples(self) -> int:
        """How many of the responses, the last ones, are samples."""
        return len(self.fresh.finished) if self.fresh else 0

    @property
    def length(self) -> int:
        """Tokens of the prompts and responses together."""
        return sum(map(len, self.prompts)) + sum(map(len, self.responses))

    def of_responses(self, wanted: Sequence[int]) -> Encoded:
        """With these responses alone, by index and in this order, and the prompts that they answer; `example`, `fresh`
        and `kept` stay as they are.
        """
        used = sorted({self.prompt_of[r] for r in wanted})
        return replace(
            self,
            prompts=tuple(self.prompts[p] for p in used),
            prompt_of=tuple(used.index(self.prompt_of[r]) for r in wanted),
            responses=tuple(self.responses[r] for r in wanted),
        )


def probe(number: int, prompt: int, *responses: int) -> Encoded:
    """An example of so many tokens, to measure with: what they say does not matter."""
    told = Example(str(number), user_prompt("?"), tuple(Response("!") for _ in responses))
    return Encoded(told, ((1,) * prompt,), (0,) * len(responses), tuple((1,) * n for n in responses))


def plain_text(prompt: Prompt) -> str:
    """The prompt as text where there is no chat template.

    A single user turn is the text itself and a blank line; several turns are named ("User: ...") and separated by blank
    lines, and end with "Assistant:". Our choice.
    """
    if len(prompt) == 1 and prompt[0].role == "user":
        return prompt[0].content + "\n\n" if prompt[0].content else ""
    turns = [f"{_PLAIN_NAMES.get(m.role, m.role)}: {m.content}" for m in prompt]
    return "\n\n".join([*turns, "Assistant:"])


def tagged_text(prompt: Prompt) -> str:
    """The prompt with the role of every turn on a line of its own and a blank line between turns.

    Source: arXiv:2604.11119, authors' code (`data.py`).
    """
    return "\n".join([*(f"<|{m.role}|>\n{m.content.strip()}\n" for m in prompt), "<|assistant|>\n"])


def _chat_text(tokenizer: Any, prompt: Prompt) -> str:
    messages = [{"role": m.role, "content": m.content} for m in prompt]
    try:
        return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    except Exception as error:
        roles = ", ".join(m.role for m in prompt)
        raise ModelError(
            f"the tokenizer's chat template refuses a prompt with the turns {roles}: {error}",
            fix="set tokens.template: plain",
        ) from error


@dataclass
class Encoder:
    """Turns examples into token ids, one way for training, columns, held-out scoring and sampling.

    Truncation: a prompt is cut on the left (its beginning-of-sequence token stays) down to `tokens.min_prompt`, then
    responses are cut on the right and lose their end-of-sequence token. All responses of an example keep one prompt, so
    that they stay comparable. Nothing is dropped; `counted` says how often each happened.
    """

    tokenizer: Any
    tokens: Tokens
    context: int | None
    """The model's longest input in tokens, where it states one."""
    embeddings: int | None = None
    """How many token ids the model knows, where that is known."""
    counted: Counter[str] = field(default_factory=Counter[str])
    bank: TokenBank = field(default_factory=TokenBank)
    """What was tokenised before. It may be shared by encoders whose tokenizers do the same."""

    def __post_init__(self) -> None:
        if self.tokenizer.eos_token_id is None:
            raise ModelError(
                "the tokenizer has no end-of-sequence token, so no response could end",
                fix="set eos_token in tokenizer_config.json",
            )
        probe = self.tokenizer("a")["input_ids"]
        bos = self.tokenizer.bos_token_id
        self._bos: int | None = bos if bos is not None and probe and probe[0] == bos else None
        self._eos: int = self.tokenizer.eos_token_id
        self._chat = self._uses_chat()
        self._size = len(self.tokenizer)
        self._demand_known(max(self._eos, self._bos or 0))

    def _demand_known(self, token: int) -> None:
        """Refuse an id that the model has no embedding for; on a GPU it would end the process."""
        if self.embeddings is not None and token >= self.embeddings:
            raise ModelError(
                f"the tokenizer gives token {token}, but the model has {self.embeddings} embeddings",
                fix="use the model's own tokenizer, or resize its embeddings",
            )

    def _uses_chat(self) -> bool:
        has = bool(getattr(self.tokenizer, "chat_template", None))
        if self.tokens.template == "chat" and not has:
            raise ModelError("tokens.template is chat, but the tokenizer has no chat template", fix="set it to plain")
        return has and self.tokens.template in {"auto", "chat"}

    @property
    def uses_chat_template(self) -> bool:
        """Whether prompts are written by the tokenizer's own chat template."""
        return self._chat

    @property
    def begins(self) -> bool:
        """Whether the tokenizer puts a beginning-of-sequence token before a text."""
        return self._bos is not None

    @property
    def longest(self) -> int:
        """Tokens: the longest prompt + response."""
        most = self.tokens.max or LONGEST_DEFAULT
        return most if self.context is None else min(most, self.context)

    def _tokenise(self, texts: Iterable[str]) -> Ids:
        if len(self.tokenizer) != self._size:  # somebody has added tokens to it: no longer what the bank was made for
            self.bank, self._size = TokenBank(self.bank.most), len(self.tokenizer)
        found = self.bank.of(texts, self.tokenizer)
        if self.embeddings is not None and self.bank.largest >= self.embeddings:
            self._demand_known(max((max(ids) for ids in found.values() if ids), default=0))
        return found

    def prompt_text(self, prompt: Prompt) -> str:
        """What the model is given before the response."""
        if self._chat:
            return _chat_text(self.tokenizer, prompt)
        return tagged_text(prompt) if self.tokens.template == "tagged" else plain_text(prompt)

    def _prompt_ids(self, ids: tuple[int, ...]) -> tuple[int, ...]:
        if self._bos is not None and (not ids or ids[0] != self._bos):
            ids = (self._bos, *ids)
        return ids or (self._eos,)

    def _response_ids(self, ids: tuple[int, ...]) -> tuple[int, ...]:
        return ids if ids and ids[-1] == self._eos else (*ids, self._eos)

    def prompts(self, prompts: Sequence[Prompt], room: int) -> list[tuple[int, ...]]:
        """Token ids of prompts to be answered with up to `room` tokens, cut on the left where they leave less."""
        texts = [self.prompt_text(p) for p in prompts]
        ids = self._tokenise(texts)
        keep = max(min(self.tokens.min_prompt, self.longest - 1), self.longest - room)
        return [self._cut_prompt(self._prompt_ids(ids[t]), keep) for t in texts]

    def openings(self, prompts: Sequence[Prompt], texts: Sequence[str]) -> list[Encoded]:
        """Per prompt, every text as the beginning of an answer, without an end-of-sequence token.

        Raises:
            ModelError: a text has no token.
        """
        found = self._tokenise(texts)
        ids = tuple(found[text] for text in texts)
        for text, tokens in zip(texts, ids, strict=True):
            if not tokens:
                raise ModelError(f"the tokenizer makes no token of {text!r}, so no answer can begin with it")
        cut = self.prompts(prompts, max(map(len, ids)))
        answers = tuple(Response(text) for text in texts)
        return [
            Encoded(Example(str(i), prompt, answers), (tokens,), (0,) * len(texts), ids)
            for i, (prompt, tokens) in enumerate(zip(prompts, cut, strict=True))
        ]

    def examples(self, examples: Sequence[Example]) -> list[Encoded]:
        """Token ids of every example, in order, cut where there are too many."""
        return [self.cut(whole) for whole in self.uncut(examples)]

    def uncut(self, examples: Sequence[Example]) -> list[Encoded]:
        """Token ids of every example, in order, however many there are."""
        asked = dict.fromkeys(r.prompt or e.prompt for e in examples for r in e.responses)
        texts = {prompt: self.prompt_text(prompt) for prompt in asked}
        ids = self._tokenise([*texts.values(), *(r.text for e in examples for r in e.responses)])
        prompts = {prompt: self._prompt_ids(ids[text]) for prompt, text in texts.items()}
        return [self._example(e, prompts, ids) for e in examples]

    def cut(self, whole: Encoded) -> Encoded:
        """The example within `longest` tokens."""
        if max(map(len, whole.prompts)) + max(map(len, whole.responses)) <= self.longest:
            return whole
        prompts, responses = self._truncate(list(whole.prompts), whole.prompt_of, list(whole.responses))
        return replace(whole, prompts=tuple(prompts), responses=tuple(responses))

    def agrees(self, encoded: Iterable[Encoded]) -> bool:
        """Whether these are the tokens of this tokenizer and template, cut or not."""
        given = list(encoded)
        silent = replace(self, counted=Counter())
        return all(map(silent._is_cut_of, given, silent.uncut([e.example for e in given])))

    def _is_cut_of(self, encoded: Encoded, whole: Encoded) -> bool:
        sides = zip(encoded.prompt_of, encoded.responses, whole.prompt_of, whole.responses, strict=True)
        for which, ids, of, response in sides:
            prompt = encoded.prompts[which]
            if self._cut_prompt(whole.prompts[of], len(prompt)) != prompt or response[: len(ids)] != ids:
                return False
        return True

    def _example(self, example: Example, known: Mapping[Prompt, tuple[int, ...]], ids: Ids) -> Encoded:
        prompts: dict[Prompt, int] = {}
        prompt_of = [prompts.setdefault(r.prompt or example.prompt, len(prompts)) for r in example.responses]
        responses = tuple(self._response_ids(ids[r.text]) for r in example.responses)
        return Encoded(example, tuple(known[p] for p in prompts), tuple(prompt_of), responses)

    def _truncate(
        self, prompts: list[tuple[int, ...]], prompt_of: Sequence[int], responses: list[tuple[int, ...]]
    ) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        floor = min(self.tokens.min_prompt, self.longest - 1)
        cut_prompts: list[tuple[int, ...]] = []
        for index, prompt in enumerate(prompts):
            longest = max(len(r) for r, p in zip(responses, prompt_of, strict=True) if p == index)
            cut_prompts.append(self._cut_prompt(prompt, max(floor, self.longest - longest)))
        cut: list[tuple[int, ...]] = []
        for response, index in zip(responses, prompt_of, strict=True):
            room = self.longest - len(cut_prompts[index])
            if len(response) > room:
                self.counted[CUT_RESPONSES] += 1
            cut.append(response[:room])
        if len(set(zip(cut, prompt_of, strict=True))) < len(set(zip(responses, prompt_of, strict=True))):
            self.counted["examples with responses made equal by cutting"] += 1
        return cut_prompts, cut

    def _cut_prompt(self, ids: tuple[int, ...], keep: int) -> tuple[int, ...]:
        if len(ids) <= keep:
            return ids
        self.counted[CUT_PROMPTS] += 1
        if ids[0] == self._bos and keep > 1:
            return (ids[0], *ids[len(ids) - keep + 1 :])
        return ids[len(ids) - keep :]
