"""Each fault that is planted is found and counted, and nothing else is."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import ClassVar

import audits
import pytest
from audits import audited, clean, encoder, found, pair

import harness
from harness.audit import audit
from harness.audit_checks import CHECKS, findings
from harness.errors import DataError
from harness.examples import Example, ExampleSet, Label, Ledger, Message, Response, user_prompt
from harness.run.steps import AuditStep

HELD_OUT = {"validation": clean(10, 100), "test": clean(10, 200)}


def counted(*planted, using=None):
    """What is found in a training split of clean examples with these among them."""
    record = audited({"train": [*clean(), *planted], **HELD_OUT}, using=using)
    assert not any(found(record, name) for name in ("validation", "test"))
    assert not any(pair.exact or pair.near or pair.patterned for pair in record.shared)
    return found(record)


def test_a_clean_set_has_zeros():
    record = audited({"train": clean(), **HELD_OUT})
    assert [split.name for split in record.splits] == ["train", "validation", "test"]
    assert all(split.found == {check.key: 0 for check in CHECKS} for split in record.splits)
    assert all(split.named == {} for split in record.splits)
    assert findings(record) == []
    train = record.splits[0]
    assert (train.examples, train.prompts, train.responses, train.pairs) == (40, 40, 80, 40)
    assert (train.ledger.read, train.ledger.kept) == (40, 40)


def test_a_clean_set_has_zeros_under_a_chat_template():
    assert counted(using=encoder(audits.TEMPLATE)) == {}


def test_equal_responses():
    assert counted(pair("a", "p", "w1 w2", "w1 w2"), pair("b", "q", "w1", "w1")) == {"identical": 2}


def test_pairs_made_equal_by_cutting_are_told_from_equal_ones():
    long = " ".join(["w5"] * 80)
    got = counted(pair("a", "p", long + " w6", long + " w7"))
    assert got == {"collapsed": 1, "response_cut": 2}


def test_responses_that_the_tokenizer_cannot_tell_apart_are_collapsed():
    assert counted(pair("a", "p", "unheard", "of")) == {"collapsed": 1}


def test_cut_prompts():
    assert counted(pair("a", " ".join(f"p{i}" for i in range(80)), "w1", "w2")) == {"prompt_cut": 1}


def test_ties_by_share_and_by_score():
    planted = [
        pair("a", "p", "w1", "w2", share=0.5),
        pair("b", "q", "w1", "w2", rewards=(1.0, 1.0)),
        pair("c", "r", "w1", "w2", share=1.0, rewards=(1.0, 1.0)),
        pair("d", "s", "w1", "w2", share=0.4),
    ]
    assert counted(*planted) == {"tied": 2}


def test_empty_responses_are_those_of_white_space_too():
    assert counted(pair("a", "p", "", "w1"), pair("b", "q", "w1", " \n")) == {"empty": 2}


def test_two_beginning_tokens_by_the_template():
    using = encoder("{{ bos_token + ' ' }}" + audits.TEMPLATE)
    record = audited({"train": clean(), **HELD_OUT}, using=using)
    assert [found(record, split.name) for split in record.splits] == [{"doubled_bos": n} for n in (40, 10, 10)]
    assert [one.strict for one in findings(record)] == [True] * 3


def test_a_template_that_closes_the_turn_it_should_open():
    using = encoder("{{ bos_token }}{% for m in messages %}{{ m['content'] + ' ' + eos_token }}{% endfor %}")
    assert found(audited({"train": clean()}, using=using)) == {"prompt_ends_with_eos": 40}


def test_marks_that_a_template_writes_between_turns_are_as_they_should_be():
    turns = (Message("user", "w1"), Message("assistant", "w2"), Message("user", "w3"))
    talk = replace(pair("a", "", "w1", "w2"), prompt=turns)
    assert counted(talk, using=encoder(audits.TEMPLATE)) == {}


def test_marks_in_the_text():
    assert counted(pair("a", "w1 </s> w2", "w1", "w2"), pair("b", "<s> w1", "w1", "w2")) == {"marks_in_prompt": 2}
    assert counted(pair("a", "p", "w1 </s> w3", "w2"), pair("b", "q", "w1", "<s> w2")) == {"marks_in_response": 2}


def test_an_end_that_the_text_has_already_is_no_fault_and_two_are():
    assert counted(pair("a", "p", "w1 </s>", "w2")) == {}
    assert counted(pair("a", "p", "w1 </s> </s>", "w2")) == {"doubled_eos": 1}


def test_an_answer_that_the_template_ends_otherwise():
    other = audits.TEMPLATE.replace("eos_token", "'w59'")
    record = audited({"train": clean()}, using=encoder(other))
    assert record.tokens.answer_end == "w59"
    assert "the chat template ends an answer with 'w59'" in findings(record)[0].what
    assert audited({"train": clean()}, using=encoder(audits.TEMPLATE)).tokens.answer_end is None


def test_repeats():
    one = pair("a", "p", "w1", "w2")
    again, other = replace(one, id="b"), pair("c", " P\n", "w1", "w3")
    assert counted(one, again, other) == {"repeated": 1, "same_prompt": 2}


def test_an_example_that_is_drawn_again_is_no_copy_in_the_data():
    one = pair("a", "p", "w1", "w2")
    assert counted(one, one) == {"same_prompt": 1}


def test_scored_candidates_are_seen_as_the_pairs_that_methods_are_given():
    def scored(name, *responses):
        return Example(name, user_prompt(name), tuple(Response(t, reward=r) for t, r in responses))

    record = audited({"train": [scored("a", ("w1", 1.0), ("w2", 2.0), ("w2", 1.0), ("w3 w3", 1.0))]})
    assert record.splits[0].pairs == 2
    assert found(record) == {"tied": 3, "identical": 1}
    assert record.splits[0].lengths.longer == 0


def test_unpaired_examples_have_no_pairs_and_no_lengths():
    record = audited({"train": [Example("a", user_prompt("p"), (Response(""),), labels=(Label(0, True),))]})
    assert found(record) == {"empty": 1}
    assert (record.splits[0].pairs, record.splits[0].lengths) == (0, None)


def test_what_is_found_is_named():
    record = audited({"train": [*clean(), *(pair(f"n{i}", f"p{i}", "", "w1") for i in range(9))]})
    assert record.splits[0].named == {"empty": ["n0", "n1", "n2", "n3", "n4"]}


def test_seeds_that_see_the_same_examples_are_one_part():
    train = clean()
    splits = {"train": train, ("train", 2): train[::-1], ("train", 3): train[1:], **HELD_OUT}
    names = [split.name for split in audited(splits, seeds=(0, 2, 3)).splits]
    assert names == ["train, seeds 0, 2", "train, seed 3", "validation", "test"]
    names = [split.name for split in audited(splits, seeds=(0, 1)).splits]
    assert names == ["train", "validation", "test"]


def test_a_split_that_cannot_be_had_is_said_so_and_training_must_be_there():
    record = audited({"train": clean(), "test": clean(5, 200)})
    assert record.absent == {"validation": "the validation split is empty"}
    assert [(s.held_out, s.other) for s in record.shared] == [("test", "train")]
    with pytest.raises(DataError, match="train split is empty"):
        audited({"test": clean()})


@dataclass(frozen=True)
class Drawing(harness.Source):
    """Draws as many examples as it is asked for; three where nobody says."""

    name: ClassVar[str] = "drawing"

    def examples(self, split, seed, limit=None):
        return ExampleSet(tuple(clean(limit or 3)), Ledger(read=limit or 3, kept=limit or 3))


def test_a_trial_is_of_its_own_limit():
    record = audited({"train": clean(), **HELD_OUT}, train=9, limit=3)
    assert [split.examples for split in record.splits] == [3, 3, 3]


def test_all_examples_are_looked_through_also_where_rows_train_on_fewer():
    record = audited({"train": clean(), **HELD_OUT}, train=7)
    assert [split.examples for split in record.splits] == [40, 10, 10]


def test_of_a_source_that_draws_as_many_as_rows_ask_for():
    work = AuditStep((0,), 12, None)
    assert [s.examples for s in audit(Drawing(), encoder(), work).splits] == [12, 3, 3]
    assert [s.examples for s in audit(Drawing(), encoder(), replace(work, train=2)).splits] == [3, 3, 3]


def test_an_audit_is_the_same_every_time_and_tells_how_far_it_is():
    told: list[tuple[int, int]] = []
    one = audited({"train": clean(600), **HELD_OUT}, progress=lambda done, total: told.append((done, total)))
    assert one == audited({"train": clean(600), **HELD_OUT})
    assert (500, 620) in told
    assert (620, 620) in told


def test_every_combination_is_counted_exactly():
    draw = random.Random(0)
    planted, expected = [], {"identical": 0, "empty": 0, "tied": 0, "marks_in_response": 0}
    for i in range(200):
        kind = draw.choice(list(expected))
        expected[kind] += 1
        chosen = {"identical": "w1", "empty": " ", "tied": "w2", "marks_in_response": "w2 </s> w2"}[kind]
        planted.append(pair(f"x{i}", f"y{i} y{i}", chosen, "w1", share=0.5 if kind == "tied" else None))
    assert counted(*planted) == expected
