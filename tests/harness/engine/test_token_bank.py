from collections import Counter
from dataclasses import replace

import pytest
import tiny

from harness.engine.encoding import CUT_PROMPTS, CUT_RESPONSES, Encoder
from harness.engine.token_bank import TokenBank, TokenBanks, told_apart
from harness.errors import ModelError
from harness.training import Tokens

EXAMPLES = [tiny.example(f"w{i} w2 w3 w4", "w5 w6", f"w7 w8 w{i} w9 w10") for i in range(6)]


class Asked:
    """A tokenizer that counts the texts it is asked for."""

    def __init__(self, tokenizer):
        self._tokenizer = tokenizer
        self.texts = Counter()

    def __call__(self, texts, **kwargs):
        if not isinstance(texts, str):
            self.texts.update(texts)
        return self._tokenizer(texts, **kwargs)

    def __getattr__(self, name):
        return getattr(self._tokenizer, name)

    def __len__(self):
        return len(self._tokenizer)


def encoder(bank, tokenizer=None, embeddings=None, **tokens):
    made = Encoder(tokenizer or tiny.tokenizer(), Tokens(**{"min_prompt": 2, **tokens}), None, embeddings)
    made.bank = bank
    return made


def test_a_text_is_tokenised_once_for_all_encoders_that_share_a_bank():
    bank, asked = TokenBank(), Asked(tiny.tokenizer())
    first, second = encoder(bank, asked), encoder(bank, asked, max=5)
    alone = Encoder(tiny.tokenizer(), Tokens(min_prompt=2, max=5), None)
    assert first.examples(EXAMPLES) == Encoder(tiny.tokenizer(), Tokens(min_prompt=2), None).examples(EXAMPLES)
    assert second.examples(EXAMPLES) == alone.examples(EXAMPLES)
    assert set(asked.texts.values()) == {1}
    assert second.counted == alone.counted  # of each encoder its own, whoever tokenised
    assert second.counted[CUT_PROMPTS] == second.counted[CUT_RESPONSES] == 6
    assert not first.counted


def test_tokenizers_that_do_the_same_share_a_bank_and_others_do_not(tmp_path):
    banks = TokenBanks()
    tokenizer = tiny.tokenizer()
    tokenizer.save_pretrained(tmp_path)
    from transformers import AutoTokenizer

    assert banks.of(tokenizer) is banks.of(tiny.tokenizer())
    assert banks.of(AutoTokenizer.from_pretrained(tmp_path)) is banks.of(AutoTokenizer.from_pretrained(tmp_path))
    others = [tiny.tokenizer(backwards=True), tiny.tokenizer(words=59), tiny.tokenizer()]
    others[-1].add_tokens(["w1 w2"])
    assert len({told_apart(t) for t in [tokenizer, *others]}) == 4
    nameless = object()
    assert told_apart(nameless) is None
    assert banks.of(nameless) is not banks.of(nameless)


def test_an_encoder_whose_tokenizer_is_given_new_tokens_leaves_the_bank():
    bank, tokenizer = TokenBank(), tiny.tokenizer()
    made = encoder(bank, tokenizer)
    before = made.examples(EXAMPLES)
    tokenizer.add_tokens(["w5 w6"])
    after = made.examples(EXAMPLES)
    assert after[0].responses[0] == (len(tokenizer) - 1, tokenizer.eos_token_id)
    assert encoder(bank).examples(EXAMPLES) == before


def test_a_bank_keeps_no_more_than_it_may_and_is_right_all_the_same():
    texts = [f"w{i} w{i + 1}" for i in range(20)]
    plain = dict(zip(texts, map(tuple, tiny.tokenizer()(texts, add_special_tokens=False)["input_ids"]), strict=True))
    for most in (0, 100, 10_000):
        bank, asked = TokenBank(most), Asked(tiny.tokenizer())
        for _ in range(2):
            assert bank.of(texts, asked) == plain
        assert bank.held <= most
        assert (asked.texts.total() == 20) == (most == 10_000)


def test_a_model_with_fewer_embeddings_refuses_what_another_tokenised():
    bank = TokenBank()
    encoder(bank, embeddings=64).examples([tiny.example("w59", "w1")])
    with pytest.raises(ModelError, match="token 63"):
        encoder(bank, embeddings=60).examples([tiny.example("w59", "w1")])
    encoder(bank, embeddings=60).examples([tiny.example("w1", "w2")])


def test_counting_apart_shares_what_was_tokenised():
    asked = Asked(tiny.tokenizer())
    made = encoder(TokenBank(), asked, max=5)
    replace(made, counted=Counter()).examples(EXAMPLES)
    made.examples(EXAMPLES)
    assert set(asked.texts.values()) == {1}
    assert made.counted[CUT_PROMPTS] == 6
