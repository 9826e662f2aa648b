from pathlib import Path

import pytest
import tiny
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from harness.engine.encoding import Encoder, plain_text, tagged_text
from harness.errors import ModelError
from harness.examples import Example, Message, Response, user_prompt
from harness.training import Tokens

SHARED = Path(__file__).parents[4] / "shared" / "data"


def encoder(longest=None, min_prompt=3, **tokens):
    return Encoder(tiny.tokenizer(), Tokens(max=longest, min_prompt=min_prompt, **tokens), None)


def example(prompt, *responses):
    return Example("e", user_prompt(prompt), tuple(Response(r) for r in responses))


def test_every_response_ends_with_the_end_token_and_the_prompt_starts_with_one_bos():
    found = encoder().examples([example("w1 w2", "w3", "", "w4 </s>"), example("<s> w1", "w2")])
    assert found[0].prompts == ((1, 5, 6),)
    assert found[0].responses == ((7, 2), (2,), (8, 2))
    assert found[1].prompts == ((1, 5),)


def test_an_empty_prompt_still_has_a_token_to_predict_from():
    assert encoder().examples([example("", "w1")])[0].prompts == ((1,),)


def test_the_prompt_is_cut_on_the_left_and_keeps_its_bos():
    made = encoder(longest=8)
    found = made.examples([example("w0 w1 w2 w3 w4 w5 w6", "w9 w9", "w8")])[0]
    assert found.prompts == ((1, 7, 8, 9, 10),)  # 8 - 3 tokens of the longer response, one prompt for both
    assert found.responses == ((13, 13, 2), (12, 2))
    assert made.counted == {"prompts cut on the left": 1}


def test_then_the_response_is_cut_on_the_right_and_nothing_is_dropped():
    made = encoder(longest=6)
    found = made.examples([example("w0 w1 w2 w3", "w4 w5 w6 w7 w8", "w4 w5 w6 w9")])[0]
    assert found.prompts == ((1, 6, 7),)
    assert found.responses == ((8, 9, 10), (8, 9, 10))
    assert made.counted["responses cut on the right"] == 2
    assert made.counted["examples with responses made equal by cutting"] == 1


def test_prompts_to_be_answered_leave_room():
    assert [len(p) for p in encoder(longest=10).prompts([user_prompt("w1 " * 30), user_prompt("w1")], 4)] == [6, 2]
    assert len(encoder(longest=10, min_prompt=5).prompts([user_prompt("w1 " * 30)], 100)[0]) == 5


def test_several_turns_are_named_where_there_is_no_template():
    turns = (Message("system", "be kind"), Message("user", "hi"), Message("assistant", "yes"), Message("user", "why"))
    assert plain_text(turns) == "System: be kind\n\nUser: hi\n\nAssistant: yes\n\nUser: why\n\nAssistant:"


def test_tagged_turns_stand_under_their_roles_with_a_blank_line_between():
    assert tagged_text(user_prompt(" hi\n")) == "<|user|>\nhi\n\n<|assistant|>\n"
    turns = (Message("system", "be kind"), Message("user", "hi"), Message("assistant", "yes"), Message("user", "why"))
    rest = "<|system|>\nbe kind\n\n<|user|>\nhi\n\n<|assistant|>\nyes\n\n<|user|>\nwhy\n\n<|assistant|>\n"
    assert tagged_text(turns) == rest


def test_a_chat_template_is_used_where_there_is_one_and_bos_is_not_doubled():
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = "{{ bos_token }} {% for m in messages %}w7 {{ m.content }} {% endfor %}w8"
    made = Encoder(tokenizer, Tokens(), None)
    assert made.examples([example("w1", "w2")])[0].prompts == ((1, 11, 5, 12),)
    plain = Encoder(tokenizer, Tokens(template="plain"), None)
    assert plain.examples([example("w1", "w2")])[0].prompts == ((1, 5),)


def test_asking_for_a_template_that_is_not_there_is_an_error():
    with pytest.raises(ModelError, match="no chat template"):
        encoder(template="chat")


def test_a_tokenizer_without_an_end_token_is_an_error():
    bare = PreTrainedTokenizerFast(tokenizer_object=tiny.tokenizer().backend_tokenizer, bos_token="<s>")
    with pytest.raises(ModelError, match="no end-of-sequence token"):
        Encoder(bare, Tokens(), None)


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")
@pytest.mark.parametrize("name", ["neox20b", "gpt2"])
def test_real_tokenizers_keep_the_boundary(name):
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(SHARED / "tokenizers" / name / "tokenizer.json"), eos_token="<|endoftext|>"
    )
    found = Encoder(tokenizer, Tokens(), None).examples([example("Is it?", "ident", " Yes", "")])[0]
    assert tokenizer.decode(found.prompts[0]) == "Is it?\n\n"
    assert [tokenizer.decode(r) for r in found.responses] == [f"{t}<|endoftext|>" for t in ("ident", " Yes", "")]


@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data is not here")
@pytest.mark.parametrize("name", ["stories260k", "tinystories-656k"])
def test_real_models_tokenise_with_one_bos_and_one_eos(name):
    tokenizer = AutoTokenizer.from_pretrained(str(SHARED / "models" / name))
    found = Encoder(tokenizer, Tokens(), 512).examples([example("Once upon a time", "there was a dog.")])[0]
    assert found.prompts[0].count(tokenizer.bos_token_id) <= 1
    assert found.responses[0].count(tokenizer.eos_token_id) == 1
    assert tokenizer.decode(found.responses[0], skip_special_tokens=True).strip() == "there was a dog."


def test_the_longest_is_the_suites_own_the_models_or_2048():
    assert Encoder(tiny.tokenizer(), Tokens(), 131_072).longest == 2048
    assert Encoder(tiny.tokenizer(), Tokens(max=4096), 131_072).longest == 4096
    assert Encoder(tiny.tokenizer(), Tokens(max=4096), 512).longest == 512
    assert Encoder(tiny.tokenizer(), Tokens(), None).longest == 2048


def test_tokens_of_another_tokenizer_or_template_are_told_from_those_that_were_only_cut():
    examples = [tiny.example("w1 w2 w3 w4 w5 w6", "w1 w2 w3 w4 w5 w6 w7", "w8"), tiny.example("w1", "w2")]
    mine = Encoder(tiny.tokenizer(), Tokens(min_prompt=4), None)
    cut = Encoder(tiny.tokenizer(), Tokens(min_prompt=3, max=8), None).examples(examples)
    assert mine.agrees(mine.examples(examples))
    assert mine.agrees(cut)
    assert not mine.counted
    for tokenizer, template in ((tiny.tokenizer(), "tagged"), (tiny.tokenizer(backwards=True), "plain")):
        assert not mine.agrees(Encoder(tokenizer, Tokens(min_prompt=4, template=template), None).examples(examples))
