"""Classifiers that others made: decoders by the conversation in their own template, encoders by pairs of texts."""

import numpy as np
import pytest
import tiny
import torch
from tokenizers import processors
from transformers import AutoModel, AutoModelForSequenceClassification, BertConfig, LlamaConfig, PreTrainedTokenizerFast

from harness.engine.conversation import ConversationEncoder
from harness.engine.embedding import embed
from harness.engine.encoding import CUT_PROMPTS, CUT_RESPONSES
from harness.engine.rater import RatingModel
from harness.engine.rater_files import load_rater
from harness.engine.text_pairs import TextPairRater
from harness.examples import Example, Response, user_prompt
from harness.training import Tokens

TEMPLATE = (
    "{{ bos_token }} {% for m in messages %}{{ 'w50' if m.role == 'user' else 'w51' }} {{ m.content }} w52 {% endfor %}"
)
EXAMPLES = [tiny.example("w1 w2", "w3 w4 w5", "w3", ""), tiny.example("w9", "w8")]
BERT = BertConfig(
    **tiny.SIZES, max_position_embeddings=16, num_labels=1, initializer_range=0.3, hidden_dropout_prob=0.1
)


def write(folder, config, tokenizer):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config.pad_token_id = tokenizer.pad_token_id
        AutoModelForSequenceClassification.from_config(config).save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


def pair_tokenizer():
    made = tiny.tokenizer().backend_tokenizer
    special = [("<s>", 1), ("</s>", 2)]
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=special
    )
    names = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    return PreTrainedTokenizerFast(tokenizer_object=made, **names)


def llama(folder, tokenizer):
    return write(folder, LlamaConfig(**tiny.SIZES, num_labels=1, initializer_range=0.3), tokenizer)


def rows(model, texts, tokenizer):
    with torch.no_grad():
        return [float(model(**tokenizer(t, return_tensors="pt", add_special_tokens=False)).logits) for t in texts]


def test_a_decoder_with_a_chat_template_reads_the_whole_conversation_in_it(tmp_path):
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = TEMPLATE
    rater = load_rater(llama(tmp_path / "llama", tokenizer), Tokens(template="plain"))
    assert isinstance(rater, RatingModel)
    assert rater.refusal == ""
    said = [("w1 w2", "w3 w4 w5"), ("w1 w2", "w3"), ("w1 w2", ""), ("w9", "w8")]
    wanted = rows(rater.model, [f"<s> w50 {p} w52 w51 {r} w52" for p, r in said], tokenizer)
    np.testing.assert_allclose(np.concatenate(rater.rewards(EXAMPLES)), wanted, atol=1e-5)


def test_conversations_share_what_they_begin_with_and_are_cut_on_the_left():
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = TEMPLATE
    encoder = ConversationEncoder(tokenizer, Tokens(max=8, min_prompt=2), None)
    short, one = encoder.examples(EXAMPLES)
    assert short.prompts == (
        (1, 6, 56, 55),
    )  # <s> ... w2 w52 w51: of 6 shared tokens, those that leave room for 4 more
    assert short.responses == ((7, 8, 9, 56), (7, 56), (56,))
    assert one.prompts[0] + one.responses[0] == (1, 54, 13, 56, 55, 12, 56)
    own = Example("e", user_prompt("w1"), (Response("w2"), Response("w2", prompt=user_prompt("w3"))))
    found = encoder.examples([own])[0]
    assert [found.prompts[p] + r for r, p in zip(found.responses, found.prompt_of, strict=True)] == [
        (1, 54, 5, 56, 55, 6, 56),
        (1, 54, 7, 56, 55, 6, 56),
    ]


def test_a_decoder_without_a_template_reads_the_plain_prompt_and_the_response(tmp_path):
    tokenizer = tiny.tokenizer()
    rater = load_rater(llama(tmp_path / "llama", tokenizer), Tokens())
    wanted = rows(
        rater.model, ["<s> w1 w2 w3 w4 w5 </s>", "<s> w1 w2 w3 </s>", "<s> w1 w2 </s>", "<s> w9 w8 </s>"], tokenizer
    )
    np.testing.assert_allclose(np.concatenate(rater.rewards(EXAMPLES)), wanted, atol=1e-5)


def test_an_encoder_reads_the_pair_of_texts(tmp_path):
    tokenizer = pair_tokenizer()
    rater = load_rater(write(tmp_path / "bert", BERT, tokenizer), Tokens(min_prompt=4))
    assert isinstance(rater, TextPairRater)
    said = [("w1 w2", "w3 w4 w5"), ("w1 w2", "w3"), ("w1 w2", ""), ("w9", "w8")]
    with torch.no_grad():
        wanted = [float(rater.model(**tokenizer(p, r, return_tensors="pt")).logits) for p, r in said]
    done = []
    found = rater.rewards(EXAMPLES, done.append)
    np.testing.assert_allclose(np.concatenate(found), wanted, atol=1e-5)
    assert [f.shape for f in found] == [(3,), (1,)]
    assert sum(done) == 2
    rater.token_budget = 1
    np.testing.assert_allclose(np.concatenate(rater.rewards(EXAMPLES, done.append)), wanted, atol=1e-5)
    assert sum(done) == 4
    assert rater.rewards([]) == []


@pytest.mark.parametrize(
    ("prompt", "response", "ids"),
    [
        ("w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 w10 w11", "w12 w13", [1, *range(5, 16), 2, 16, 17, 2]),
        ("w0 w1 w2 w3 w4 w5", " ".join(f"w{i}" for i in range(10, 30)), [1, *range(6, 10), 2, *range(14, 23), 2]),
        ("w0", " ".join(f"w{i}" for i in range(10, 30)), [1, 4, 2, *range(14, 26), 2]),
    ],
)
def test_an_encoders_prompt_is_cut_on_the_left_then_its_response_on_the_right(prompt, response, ids, tmp_path):
    rater = load_rater(write(tmp_path / "bert", BERT, pair_tokenizer()), Tokens(min_prompt=4))
    assert rater._row(user_prompt(prompt), response)["input_ids"] == ids


def test_what_an_encoder_cuts_is_counted(tmp_path):
    long = " ".join(f"w{i}" for i in range(10, 30))
    rater = load_rater(write(tmp_path / "bert", BERT, pair_tokenizer()), Tokens(min_prompt=4))
    assert rater.cut(tiny.example("w0 w1 w2 w3 w4 w5", long, "w1")) == {CUT_PROMPTS: 1, CUT_RESPONSES: 1}
    assert rater.cut(tiny.example("w0", "w1")) == rater.counted == {}
    rater.rewards([tiny.example(long, "w1", "w2"), tiny.example("w0", long)])
    assert rater.counted == {CUT_PROMPTS: 2, CUT_RESPONSES: 1}


def test_what_a_decoder_cuts_is_counted(tmp_path):
    tokenizer = tiny.tokenizer()
    tokenizer.chat_template = TEMPLATE
    rater = load_rater(llama(tmp_path / "llama", tokenizer), Tokens(max=8, min_prompt=2))
    rater.counted.clear()  # of the check that loading makes
    assert rater.cut(EXAMPLES[0]) == {CUT_PROMPTS: 1}
    assert rater.cut(EXAMPLES[1]) == rater.counted == {}
    rater.rewards(EXAMPLES)
    assert rater.counted == {CUT_PROMPTS: 1}


def test_embeddings_are_means_over_the_texts_own_tokens(tmp_path):
    tokenizer = pair_tokenizer()
    folder = write(tmp_path / "bert", BERT, tokenizer)
    texts = ["w1 w2 w3", "", "w4", " ".join(["w5"] * 40)]
    found = embed(folder, texts)
    model = AutoModel.from_pretrained(str(folder)).eval()
    with torch.no_grad():
        for row, text in zip(found, texts, strict=True):
            given = tokenizer(text, return_tensors="pt", truncation=True, max_length=16)
            np.testing.assert_allclose(row, model(**given).last_hidden_state[0].mean(0), atol=1e-5)
    assert found.dtype == np.float32
    assert embed(folder, []).shape == (0, 32)
