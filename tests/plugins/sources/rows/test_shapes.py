from __future__ import annotations

import json
from typing import Any

import pytest
from harness_plugins.sources.rows.columns import Columns
from harness_plugins.sources.rows.row import Unusable
from harness_plugins.sources.rows.shapes import recognised

from harness import DataError, Example, Label, Message, Pair, Response, user_prompt

ASKED = user_prompt("What is ice?")
TALK = (Message("user", "Hi"), Message("assistant", "Hello!"), Message("user", "What is ice?"))


def built(row: dict[str, Any], columns: dict[str, str] | None = None, others: tuple[dict[str, Any], ...] = ()):
    names = Columns.of(columns or {})
    return recognised([row, *others], names)(row)


def refused(row: dict[str, Any], good: dict[str, Any]) -> str:
    with pytest.raises(Unusable) as caught:
        built(row, others=(good,))
    return caught.value.reason


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def messages(*turns: Message) -> list[dict[str, str]]:
    return [said(turn.role, turn.content) for turn in turns]


def pair(prompt: Any = ASKED, **known: Any) -> Example:
    return Example("", prompt, (Response("Water."), Response("No.")), (Pair(0, 1, **known),))


WATER, NO = Message("assistant", "Water."), Message("assistant", "No.")

PAIRS: dict[str, tuple[dict[str, Any], Any]] = {
    "text": ({"prompt": "What is ice?", "chosen": "Water.", "rejected": "No."}, ASKED),
    "alias": ({"question": "What is ice?", "chosen": "Water.", "rejected": "No."}, ASKED),
    "prompt as messages, responses as text": (
        {"prompt": messages(*TALK), "chosen": "Water.", "rejected": "No."},
        TALK,
    ),
    "prompt and final messages": (
        {"prompt": messages(*TALK), "chosen": messages(WATER), "rejected": messages(NO)},
        TALK,
    ),
    "ultrafeedback_binarized: prompt text and full conversations": (
        {
            "prompt": "What is ice?",
            "prompt_id": "8f",
            "chosen": messages(*ASKED, WATER),
            "rejected": messages(*ASKED, NO),
            "messages": messages(*ASKED, WATER),
        },
        ASKED,
    ),
    "the conversations say more than the prompt": (
        {"prompt": "What is ice?", "chosen": messages(*TALK, WATER), "rejected": messages(*TALK, NO)},
        TALK,
    ),
    "the prompt says more than the conversations": (
        {"prompt": messages(*TALK), "chosen": messages(TALK[2], WATER), "rejected": messages(TALK[2], NO)},
        TALK,
    ),
    "implicit prompt": ({"chosen": messages(*TALK, WATER), "rejected": messages(*TALK, NO)}, TALK),
    "LLaMA-Factory conversations": (
        {
            "conversations": [{"from": "human", "value": "What is ice?"}],
            "chosen": {"from": "gpt", "value": "Water."},
            "rejected": {"from": "gpt", "value": "No."},
        },
        ASKED,
    ),
    "LLaMA-Factory alpaca: input, system and history": (
        {
            "instruction": "Answer.",
            "input": "What is ice?",
            "system": "Be brief.",
            "history": [["Hi", "Hello!"]],
            "chosen": "Water.",
            "rejected": "No.",
        },
        (Message("system", "Be brief."), *TALK[:2], Message("user", "Answer.\nWhat is ice?")),
    ),
    "transcripts": (
        {
            "chosen": "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: What is ice?\n\nAssistant: Water.",
            "rejected": "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: What is ice?\n\nAssistant: No. ",
        },
        TALK,
    ),
    "a transcript as prompt": (
        {
            "prompt": "\n\nHuman: Hi\n\nAssistant: Hello!\n\nHuman: What is ice?\n\nAssistant:",
            "chosen": "Water.",
            "rejected": "No.",
        },
        TALK,
    ),
    "a prompt and transcripts that hold it": (
        {
            "prompt": "What is ice?",
            "chosen": "\n\nHuman: What is ice?\n\nAssistant: Water.",
            "rejected": "\n\nHuman: What is ice?\n\nAssistant: No.",
        },
        ASKED,
    ),
}


@pytest.mark.parametrize("shape", PAIRS)
def test_every_shape_of_pairs_gives_the_same_pair(shape: str):
    row, prompt = PAIRS[shape]
    assert built(row) == pair(prompt)


def test_an_input_column_belongs_to_an_instruction_only():
    row = {"prompt": "What is ice?", "input": "something else", "chosen": "Water.", "rejected": "No."}
    assert built(row).prompt == ASKED
    assert built(row, {"input": "input"}).prompt == user_prompt("What is ice?\nsomething else")


def test_a_response_that_looks_like_a_transcript_stays_whole_beside_a_prompt():
    story = "Human: hello\n\nAssistant: said the machine."
    assert built({"prompt": "A story", "chosen": story, "rejected": "No."}).responses[0].text == story


@pytest.mark.parametrize(
    ("role", "ours"),
    [
        ("human", "user"),
        ("prompter", "user"),
        ("User", "user"),
        ("gpt", "assistant"),
        ("bot", "assistant"),
        ("model", "assistant"),
        ("ASSISTANT", "assistant"),
        ("system", "system"),
    ],
)
def test_roles_are_normalised(role: str, ours: str):
    row = {"prompt": [{"from": role, "value": "a"}, said("user", "b")], "chosen": "Water.", "rejected": "No."}
    assert built(row).prompt[0].role == ours


def test_text_parts_of_a_message_are_joined():
    parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "ice?"}]
    assert built({"prompt": [{"role": "user", "content": parts}], "chosen": "Water.", "rejected": "No."}) == pair()


TEXT = PAIRS["text"][0]
HH = PAIRS["transcripts"][0]
CHAT = PAIRS["implicit prompt"][0]


@pytest.mark.parametrize(
    ("row", "good", "reason"),
    [
        ({**TEXT, "chosen": "No."}, TEXT, "chosen equals rejected"),
        ({**TEXT, "prompt": None}, TEXT, "prompt is missing or blank"),
        ({**TEXT, "prompt": " \n"}, TEXT, "prompt is missing or blank"),
        ({**TEXT, "prompt": [said("user", " ")]}, TEXT, "prompt is missing or blank"),
        ({**TEXT, "prompt": []}, TEXT, "prompt has no messages"),
        ({**TEXT, "prompt": 3}, TEXT, "prompt is neither text nor messages"),
        ({**TEXT, "prompt": [None]}, TEXT, "a message is not an object"),
        ({**TEXT, "prompt": [{"role": None, "content": "a"}]}, TEXT, "a message has an unknown role"),
        ({**TEXT, "prompt": [said("tool", "a")]}, TEXT, "a message has an unknown role"),
        ({**TEXT, "prompt": [{"role": "user"}]}, TEXT, "a message's content is missing"),
        (
            {**TEXT, "prompt": [{"role": "user", "content": [{"type": "image"}]}]},
            TEXT,
            "a message holds more than text",
        ),
        ({**TEXT, "prompt": messages(*TALK[:2])}, TEXT, "the prompt ends with the assistant's turn"),
        ({**TEXT, "chosen": None}, TEXT, "chosen is missing"),
        ({**TEXT, "rejected": 10**400}, TEXT, "rejected is not text"),
        ({**TEXT, "chosen": "\ud800"}, TEXT, "chosen is not valid Unicode"),
        ({**TEXT, "prompt": "\udcff"}, TEXT, "prompt is not valid Unicode"),
        ({**TEXT, "chosen": []}, TEXT, "chosen has no messages"),
        ({**TEXT, "chosen": [[]]}, TEXT, "a message is not an object"),
        ({**TEXT, "chosen": messages(ASKED[0])}, TEXT, "the last turn is not the assistant's"),
        ({**TEXT, "chosen": messages(*TALK[:2], WATER)}, TEXT, "the conversation does not hold the prompt"),
        ({**TEXT, "p_chosen": 1.5}, TEXT, "share of votes is not within 0 and 1"),
        ({**TEXT, "p_chosen": "most"}, TEXT, "share of votes is not a number"),
        ({**TEXT, "votes": [1, -1, 0]}, TEXT, "votes are not two or three counts"),
        ({**TEXT, "votes": [1, float("nan"), 0]}, TEXT, "votes are not two or three counts"),
        ({**TEXT, "votes": [1]}, TEXT, "votes are not two or three counts"),
        ({**TEXT, "votes": "many"}, TEXT, "votes are not two or three counts"),
        ({**TEXT, "score_chosen": float("inf")}, TEXT, "score is not finite"),
        ({**TEXT, "score_chosen": 10**400}, TEXT, "score is not finite"),
        ({**TEXT, "score_chosen": {}}, TEXT, "score is not a number"),
        ({**TEXT, "chosen_source": ["a"]}, TEXT, "source is not text"),
        ({**CHAT, "chosen": messages(TALK[0], WATER)}, CHAT, "chosen and rejected do not answer the same prompt"),
        ({**CHAT, "chosen": "Water."}, CHAT, "prompt is missing or blank"),
        (
            {**HH, "chosen": HH["chosen"].replace("Hello!", "Hey!")},
            HH,
            "chosen and rejected do not answer the same prompt",
        ),
        ({**HH, "chosen": HH["chosen"] + "\n\nHuman: Thanks"}, HH, "the last turn is not the assistant's"),
        ({**HH, "chosen": "Water."}, HH, "prompt is missing or blank"),
    ],
)
def test_a_row_without_a_pair_is_refused_with_its_reason(row: dict[str, Any], good: dict[str, Any], reason: str):
    assert refused(row, good) == reason


@pytest.mark.parametrize(
    ("known", "share"),
    [
        ({"p_chosen": 0.75, "votes": [9, 1, 0]}, 0.75),
        ({"p_chosen": "0.75"}, 0.75),
        ({"p_chosen": float("nan"), "votes": [3, 1]}, 0.75),
        ({"votes": [1, 0, 1]}, 0.75),
        ({"votes": "[1, 0, 1]"}, 0.75),
        ({"votes": [0, 0, 2]}, 0.5),
        ({"votes": [0, 2, 0]}, 0.0),
        ({"votes": [0, 0, 0]}, None),
        ({"votes": None, "p_chosen": None}, None),
        ({"votes": "", "p_chosen": ""}, None),
        ({}, None),
    ],
)
def test_the_share_of_votes_counts_ties_half(known: dict[str, Any], share: float | None):
    assert built({**TEXT, **known}).pairs == (Pair(0, 1, share),)


def test_sources_and_scores_of_a_pair_are_kept():
    row = {**TEXT, "chosen_source": "human", "rejected_source": " ", "score_chosen": 9, "score_rejected": "7.5"}
    assert built(row).responses == (Response("Water.", "human", 9.0), Response("No.", None, 7.5))


SCORED: dict[str, Any] = {
    "instruction": "What is ice?",
    "completions": [
        {"model": "a", "response": "Water.", "overall_score": 7.5},
        {"model": "b", "response": "No.", "overall_score": 1},
    ],
}
LISTS = {"prompt": "What is ice?", "responses": ["Water.", "No."], "scores": [7.5, 1], "models": ["a", "b"]}


@pytest.mark.parametrize(
    "row",
    [
        SCORED,
        {**SCORED, "completions": json.dumps(SCORED["completions"])},
        {**SCORED, "models": ["a", "b", "c"]},
        LISTS,
        {"messages": messages(*ASKED), "candidates": [{**c, "text": c["response"]} for c in SCORED["completions"]]},
    ],
)
def test_candidates_carry_scores_and_sources_but_no_pairs(row: dict[str, Any]):
    assert built(row) == Example("", ASKED, (Response("Water.", "a", 7.5), Response("No.", "b", 1.0)))


def test_candidates_need_no_scores_if_none_has_any():
    row = {"prompt": "What is ice?", "responses": [{"text": "Water.", "source": "human"}, {"text": "No."}]}
    assert built(row) == Example("", ASKED, (Response("Water.", "human"), Response("No.")))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**SCORED, "completions": SCORED["completions"][:1]}, "fewer than two candidates"),
        ({**SCORED, "completions": None}, "candidates are not a list"),
        ({**SCORED, "completions": "[not json"}, "candidates are not a list"),
        ({**SCORED, "completions": [*SCORED["completions"], None]}, "a candidate is missing"),
        ({**SCORED, "completions": [*SCORED["completions"], 3]}, "a candidate is not text"),
        ({**SCORED, "completions": [*SCORED["completions"], {"score": 3}]}, "a candidate is missing"),
        ({**SCORED, "completions": [*SCORED["completions"], {"response": "a"}]}, "a candidate has no score"),
        (
            {**SCORED, "completions": [*SCORED["completions"], {"response": "a", "score": float("nan")}]},
            "a candidate has no score",
        ),
        (
            {**SCORED, "completions": [*SCORED["completions"], {"response": "a", "score": True}]},
            "score is not a number",
        ),
        ({**SCORED, "instruction": None}, "prompt is missing or blank"),
        ({**LISTS, "scores": [1.0]}, "there are not as many scores as candidates"),
    ],
)
def test_a_row_without_usable_candidates_is_refused_with_its_reason(row: dict[str, Any], reason: str):
    assert refused(row, SCORED) == reason


@pytest.mark.parametrize(
    "row",
    [
        {"messages": messages(*TALK, WATER), "label": True},
        {"conversations": [{"from": t.role, "value": t.content} for t in (*TALK, WATER)], "label": 1},
        {"prompt": messages(*TALK), "completion": messages(WATER), "label": "true"},
        {"prompt": messages(*TALK), "response": "Water.", "label": "1"},
        {"messages": json.dumps(messages(*TALK, WATER)), "label": " True "},
    ],
)
def test_every_unpaired_shape_gives_the_same_label(row: dict[str, Any]):
    assert built(row) == Example("", TALK, (Response("Water."),), labels=(Label(0, True),))


KTO: dict[str, Any] = {"prompt": "What is ice?", "completion": "Water.", "label": True}


@pytest.mark.parametrize("label", [False, 0, 0.0, "false", "FALSE", "0", "no"])
def test_labels_are_also_false(label: Any):
    assert built({**KTO, "label": label}).labels == (Label(0, False),)


@pytest.mark.parametrize("label", [10**400, 2, -1, 0.5, "maybe", [], {}, [None], float("inf")])
def test_other_labels_are_refused(label: Any):
    assert refused({**KTO, "label": label}, KTO) == "label is neither true nor false"


@pytest.mark.parametrize("label", [None, "", float("nan")])
def test_missing_labels_are_refused(label: Any):
    assert refused({**KTO, "label": label}, KTO) == "label is missing"


def test_a_scored_single_response_carries_its_score():
    row = {"prompt": "What is ice?", "response": "Water.", "score": 4, "model": "a"}
    assert built(row) == Example("", ASKED, (Response("Water.", "a", 4.0),))
    assert refused({**row, "score": float("nan")}, row) == "score is missing"


def test_mapped_columns_go_before_the_usual_names():
    row = {"prompt": "x", "chosen": "y", "q": "What is ice?", "better": "Water.", "worse": "No."}
    assert built(row, {"prompt": "q", "chosen": "better", "rejected": "worse"}) == pair()


def test_mapped_names_are_also_those_inside_candidates():
    row = {
        "q": "What is ice?",
        "answers": [{"a": "Water.", "by": "a", "grade": 7.5}, {"a": "No.", "by": "b", "grade": 1}],
    }
    columns = {"prompt": "q", "completions": "answers", "response": "a", "source": "by", "reward": "grade"}
    names = Columns.of(columns)
    names.check([row])
    assert built(row, columns) == Example("", ASKED, (Response("Water.", "a", 7.5), Response("No.", "b", 1.0)))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"chosn": "better"}, "did you mean 'chosen'"),
        ({"share": "a", "p_chosen": "b"}, "'share' is mapped twice"),
        ({"chosen": "bettr"}, "did you mean 'better'"),
    ],
)
def test_a_wrong_mapping_is_an_error(columns: dict[str, str], message: str):
    with pytest.raises(DataError, match=message):
        Columns.of(columns).check([{"better": 1, "worse": 2}])


@pytest.mark.parametrize(
    "row",
    [
        {"text": "a", "label": 1},
        {"prompt": "a"},
        {"prompt": "a", "chosen": "b"},
        {"chosen": None, "rejected": None},
        {},
    ],
)
def test_an_unknown_shape_lists_the_columns_and_the_shapes(row: dict[str, Any]):
    with pytest.raises(DataError, match="no known shape") as caught:
        built(row)
    assert all(column in caught.value.problem for column in row)
    assert "data.columns" in caught.value.fix
    assert "chosen, rejected" in caught.value.fix
