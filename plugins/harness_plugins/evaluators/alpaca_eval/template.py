"""What a judge model is asked and how its answer is read: an annotator configuration that alpaca-eval ships."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

import harness
from harness.digest import digest
from harness.errors import nearest
from harness_plugins.evaluators.alpaca_eval.library import configurations
from harness_plugins.evaluators.prompts import shown

DEFAULT = "weighted_alpaca_eval_gpt4_turbo"
"""AlpacaEval 2's own: one token, "m" or "M", and the share of "M" in the probability of the two."""

_SLOT = re.compile(r"\{(instruction|output_1|output_2)\}")
_TURN = re.compile(r"<\|im_start\|>[ ]*(\w+)[^\n]*\n(.*?)<\|im_end\|>", re.DOTALL)
_ASKED = {
    "max_tokens": "max_tokens",
    "max_new_tokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens",
    "tools": "tools",
    "tool_choice": "tool_choice",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
}
"""Arguments of the library's decoders -> what a chat request calls them. The others are about a model or a client."""


@dataclass(frozen=True)
class Template:
    """A prompt with three slots, and what is to be asked for with it."""

    name: str
    turns: tuple[harness.Message, ...]
    """With `{instruction}`, `{output_1}` and `{output_2}` in them."""
    parser: str
    """Of alpaca-eval's completion parsers."""
    verdicts: tuple[str, ...]
    """The tokens whose log-probs are compared, for a parser of log-probs that reads the first token; else none."""
    request: Mapping[str, Any]
    """Arguments of a chat request: max_tokens, tools, ..."""

    def fill(self, comparison: harness.Comparison) -> harness.Prompt:
        """The prompt of one comparison.

        The slots are filled in one pass, turn by turn: no answer can stand in another's slot or open a turn of its own,
        as it could where texts are put into the library's template one after the other.
        """
        texts = {
            "instruction": shown(comparison.prompt),
            "output_1": comparison.first,
            "output_2": comparison.second,
        }
        return tuple(
            harness.Message(turn.role, _SLOT.sub(lambda slot: texts[slot[1]], turn.content)) for turn in self.turns
        )

    @property
    def digest(self) -> str:
        """Names the text."""
        return digest([[turn.role, turn.content] for turn in self.turns])


@cache
def read_template(name: str) -> Template:
    """The annotator configuration of this name.

    Raises:
        HarnessError: there is none, or it asks for several comparisons at once or for a pool of annotators.
        Unavailable: the library is not installed.
    """
    folder = configurations()
    path = folder / name / "configs.yaml"
    if not name or not path.is_file():
        known = [found.parent.name for found in folder.glob("*/configs.yaml")]
        raise harness.HarnessError(
            f"alpaca-eval has no annotator {name!r}; {nearest(name, known)}", fix="see `template`"
        )
    annotators: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text("utf-8"))
    (config, *others) = annotators.values()
    if others or config.get("batch_size", 1) != 1 or "prompt_template" not in config:
        raise harness.HarnessError(
            f"alpaca-eval's annotator {name!r} is no single prompt for one comparison",
            fix=f"set another `template`, such as {DEFAULT!r}",
        )
    text = (folder / config["prompt_template"]).read_text("utf-8")
    parser: str = config.get("fn_completion_parser", "regex_parser")
    reading: dict[str, Any] = config.get("completion_parser_kwargs") or {}
    first_token = parser == "logprob_parser" and reading.get("log_prob_index", "batch") == "batch"
    asked: dict[str, Any] = config.get("completions_kwargs") or {}
    return Template(
        name=name,
        turns=_turns(text),
        parser=parser,
        verdicts=tuple(dict.fromkeys([reading["numerator_token"], *reading["denominator_tokens"]]))
        if first_token
        else (),
        request={_ASKED[key]: value for key, value in asked.items() if key in _ASKED},
    )


def _turns(text: str) -> tuple[harness.Message, ...]:
    """As alpaca-eval's `prompt_to_chatml` reads ChatML; text without any is one user turn."""
    found = [harness.Message(role, content.strip()) for role, content in _TURN.findall(text)]
    return tuple(found) or harness.user_prompt(text.strip())
