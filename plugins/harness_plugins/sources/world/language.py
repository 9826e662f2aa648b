"""What is said in the world: prompts of plain words with visible attributes, and 24 answers to each.

    prompt   please explain tides to a child in detail         task, topic, audience, manner: 1,920 combinations
    answer   here is tides in short                            8 styles, each in a short, a middle and a long form

A style has the same three lengths as every other, so length tells nothing of the style. P prompts, A = 24 answers;
answer a has style a // 3 and form a % 3.
"""

from __future__ import annotations

from functools import cache

import numpy as np

TASKS = ("explain", "describe", "introduce", "summarise", "review", "present", "outline", "discuss")
TOPICS = (
    *("tides", "bread", "bees", "trains", "chess", "rain"),
    *("music", "bridges", "maps", "glass", "clocks", "gardens"),
)
AUDIENCES = ("a child", "a friend", "a student", "an expert", "a tourist")
MANNERS = ("in detail", "in brief", "with examples", "with warmth")
ATTRIBUTES = (TASKS, TOPICS, AUDIENCES, MANNERS)

SIZES = tuple(len(values) for values in ATTRIBUTES)
PROMPTS = int(np.prod(SIZES))
"""P: every combination of the attributes."""

OFF_TOPIC = "off-topic"
TEMPLATES: dict[str, tuple[str, str, str]] = {
    "plain": (
        "here is {t} in short",
        "the main thing about {t} is simple and clear",
        "in a few words the heart of {t} is this one clear idea",
    ),
    "polite": (
        "with pleasure here is {t}",
        "thank you for asking i will gladly cover {t}",
        "what a kind question thank you i hope these words about {t} help",
    ),
    "stepwise": (
        "first {t} then the rest",
        "first meet {t} second look closer third try it",
        "step one look at {t} step two ask why step three try it",
    ),
    "vivid": (
        "picture {t} at early dawn",
        "imagine {t} in bright light like a small wonder",
        "close your eyes and see {t} as if a bright lamp were lit",
    ),
    "hedged": (
        "perhaps {t} but maybe not",
        "it is hard to be sure about {t} today",
        "some would say one thing about {t} and others could say the opposite",
    ),
    "playful": (
        "ha {t} what a laugh",
        "my cat once told me a joke about {t}",
        "knock knock who is there it is {t} and a very silly hat",
    ),
    "rambling": (
        "well {t} and so on",
        "so anyway {t} and that reminds me of monday",
        "where was i oh yes {t} or was it my old uncle again",
    ),
    OFF_TOPIC: (
        "let us discuss {t} instead",
        "never mind that the news about {t} is better",
        "i would much rather spend this time to tell you about {t} today",
    ),
}
"""Per style, its forms; {t} is the topic, in off-topic answers another one."""

STYLES = tuple(TEMPLATES)
FORMS = 3
ANSWERS = len(STYLES) * FORMS
"""A: answers to each prompt."""
STYLE_OF = np.arange(ANSWERS) // FORMS
"""(A,) index into STYLES."""
FORM_OF = np.arange(ANSWERS) % FORMS
"""(A,) 0 short, 1 middle, 2 long."""
LENGTHS = np.array([len(form.split()) for forms in TEMPLATES.values() for form in forms])
"""(A,) words: 5, 9 and 13 in every style."""


@cache
def attributes() -> np.ndarray:
    """(P, 4) int64: of each prompt, the index of its task, topic, audience and manner."""
    return np.stack(np.unravel_index(np.arange(PROMPTS), SIZES), axis=1)


@cache
def prompt_values() -> tuple[tuple[str, str, str, str], ...]:
    """Of each prompt, its task, topic, audience and manner in words."""
    return tuple(
        (TASKS[task], TOPICS[topic], AUDIENCES[audience], MANNERS[manner])
        for task, topic, audience, manner in attributes().tolist()
    )


@cache
def prompt_texts() -> tuple[str, ...]:
    """(P,) distinct texts."""
    return tuple(f"please {task} {topic} to {whom} {how}" for task, topic, whom, how in prompt_values())


@cache
def prompt_ids() -> tuple[str, ...]:
    """(P,) distinct, stable names: `explain-tides-child-detail`."""
    return tuple(f"{task}-{topic}-{whom.split()[-1]}-{how.split()[-1]}" for task, topic, whom, how in prompt_values())


@cache
def _answers_by_topic() -> tuple[tuple[str, ...], ...]:
    def said(style: str, form: int, topic: int) -> str:
        away = 5 * form + 1 if style == OFF_TOPIC else 0
        return TEMPLATES[style][form].format(t=TOPICS[(topic + away) % len(TOPICS)])

    kinds = list(zip(STYLE_OF.tolist(), FORM_OF.tolist(), strict=True))
    return tuple(tuple(said(STYLES[s], f, topic) for s, f in kinds) for topic in range(len(TOPICS)))


def answers(prompt: int) -> tuple[str, ...]:
    """(A,) distinct texts: all legitimate answers to a prompt."""
    return _answers_by_topic()[attributes()[prompt, 1]]


@cache
def words() -> tuple[str, ...]:
    """Every word of every prompt and answer, sorted."""
    said = {word for text in prompt_texts() for word in text.split()}
    return tuple(sorted(said | {word for texts in _answers_by_topic() for text in texts for word in text.split()}))
