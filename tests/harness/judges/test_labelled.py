import pytest

from harness import DataError, Example, ExampleSet, Pair, Response, user_prompt
from harness.judges.labelled import labelled_pairs

FIRST_CHOSEN = (Pair(0, 1),)


def examples(*responses, pairs=FIRST_CHOSEN):
    return ExampleSet((Example("e", user_prompt("p"), tuple(responses), tuple(pairs), subset="s"),))


def test_pairs_carry_prompt_texts_share_and_subset():
    ((found,), lost) = labelled_pairs(examples(Response("yes"), Response("no"), pairs=[Pair(0, 1, 0.75)]))
    assert (found.prompt, found.chosen, found.rejected, found.subset) == (user_prompt("p"), "yes", "no", "s")
    assert (found.share, found.label, found.longer) == (0.75, 0.75, 1)
    assert lost == {}


def test_what_no_judge_can_tell_apart_is_left_out_and_counted():
    found, lost = labelled_pairs(examples(Response("same"), Response("same")))
    assert found == []
    assert lost == {"pairs of one text": 1}


def test_answers_to_different_prompts_are_left_out_and_counted():
    found, lost = labelled_pairs(examples(Response("yes"), Response("no", prompt=user_prompt("q"))))
    assert found == []
    assert lost == {"pairs of answers to different prompts": 1}


def test_rewards_make_pairs():
    found, _ = labelled_pairs(examples(Response("bad", reward=0.1), Response("good", reward=0.9), pairs=()))
    assert [(pair.chosen, pair.rejected) for pair in found] == [("good", "bad")]


def test_data_without_any_comparison_are_an_error():
    with pytest.raises(DataError, match="needs pairs"):
        labelled_pairs(examples(Response("alone"), pairs=()))
