"""Tokens at the boundary of prompt and response, with the tokenizers of real models."""

from __future__ import annotations

from pathlib import Path

import pytest
from audits import audited, encoder, found, pair

from harness.audit import encoder_of
from harness.audit.boundary import mismatches
from harness.engine.encoding import Encoder
from harness.training import Tokens

DATA = Path(__file__).parents[4] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")


def neox(template="plain"):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(DATA / "tokenizers" / "neox20b"), eos_token="<|endoftext|>")
    return Encoder(tokenizer, Tokens(template=template), 2048)


def test_words_at_white_space_keep_their_tokens():
    assert mismatches(encoder(), [pair("a", "w1 w2", "w3", "")]) == [0]


def test_words_that_run_together_do_not():
    using = encoder("{% for m in messages %}{{ m['content'] }}{% endfor %}")
    assert mismatches(using, [pair("a", "w1 w2", "w3", ""), pair("b", "w1 ", "w3", "w4")]) == [1, 0]
    assert found(audited({"train": [pair("a", "w1 w2", "w3", "w4 w5")]}, using=using)) == {"boundary": 2}


@needs_data
def test_a_blank_line_and_a_line_end_are_other_tokens_together():
    examples = [pair("a", "Why?", "Because.", "\nBecause."), pair("b", "Why?", " Because.", "")]
    assert mismatches(neox(), examples) == [1, 0]


@needs_data
def test_the_window_makes_no_difference():
    using = neox()
    texts = ["Because.", "\nBecause.", "  x", "", "e\u0301 " + "long " * 400, "\n\n\n", "…", "日本語"]
    examples = [pair(str(i), "Tell me more " * 200 + end, a, b) for i, (a, b, end) in enumerate(
        (a, b, end) for a in texts for b in texts for end in ("", "\n", " ", "e")
    )]  # fmt: skip

    def together(example):
        ids = using.tokenizer
        prompt = using.prompt_text(example.prompt)

        def of(text):
            return ids(text, add_special_tokens=False)["input_ids"]

        return sum(bool(r.text) and of(prompt) + of(r.text) != of(prompt + r.text) for r in example.responses)

    assert mismatches(using, examples) == [together(example) for example in examples]


@needs_data
def test_a_folder_gives_its_tokenizer_without_its_weights(tmp_path):
    import shutil

    for file in (DATA / "models" / "tinystories-656k").glob("*.json"):
        shutil.copy(file, tmp_path)
    made = encoder_of(None, tmp_path, Tokens())
    assert made.longest == 512
    record = audited({"train": [pair("a", "Once", "upon a time", "there was")]}, using=made)
    assert record.tokens.bos == "<|start_story|>"
