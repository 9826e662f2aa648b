import shutil
from dataclasses import replace

import pytest
import tiny
from transformers import AutoModelForSequenceClassification, LlamaConfig

from harness.engine import loading
from harness.examples import ExampleSet, Ledger
from harness.run.known_logps import KnownLogps
from harness.run.models import Models
from harness.run.steps import PolicyRef
from harness.run.surroundings import Surroundings
from harness.store import Store
from harness.training import Tokens


@pytest.fixture
def surroundings(tmp_path):
    loading.save(tiny.language_model(), tmp_path / "judge")
    base = PolicyRef("folder", "judge", tmp_path / "judge")
    models = Models(Store(tmp_path), Tokens(max=6, min_prompt=2), base, {"judge": tmp_path / "judge"})
    nothing = ExampleSet((), Ledger(read=0, kept=0))
    return Surroundings(
        split="test",
        held_out=nothing,
        source=object(),
        base=KnownLogps(models.shared(base)),
        models=models,
        shared=tmp_path / "shared",
    )


def test_cuts_on_the_way_to_a_borrowed_model_are_counted_once_however_often_it_is_borrowed(surroundings):
    long = tiny.example("w1 w2 w3 w4 w5 w6 w7 w8", "w1")
    for times in (2, 1):
        surroundings.scorer("judge").logps([long] * times)
    assert surroundings.counted() == {"prompts cut on the left, for a borrowed model": 3}


def test_cuts_on_the_way_to_a_borrowed_rater_are_counted_and_told_apart(surroundings, tmp_path):
    tiny.tokenizer().save_pretrained(tmp_path / "rater")
    config = LlamaConfig(**tiny.SIZES, num_labels=1, pad_token_id=0)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path / "rater")
    surroundings.models = replace(surroundings.models, named={"rater": tmp_path / "rater"})
    long, short = tiny.example("w1 w2 w3 w4 w5 w6 w7 w8", "w1"), tiny.example("w1", "w1")
    rater = surroundings.rater("rater")
    assert rater.cuts([short, long]) == [{}, {"prompts cut on the left": 1}]
    assert surroundings.counted() == {}
    rater.rewards([long, short])
    assert surroundings.counted() == {"prompts cut on the left, for a borrowed model": 1}


def test_the_identity_of_a_borrowed_model_is_its_content_and_its_tokens(surroundings, tmp_path):
    same = surroundings.identity("judge")
    assert surroundings.identity("judge") == same
    surroundings.models = replace(surroundings.models, tokens=Tokens(max=7, min_prompt=2))
    assert surroundings.identity("judge") != same
    copy = tmp_path / "copy"
    shutil.copytree(tmp_path / "judge", copy)
    surroundings.models = replace(surroundings.models, tokens=Tokens(max=6, min_prompt=2), named={"copy": copy})
    assert surroundings.identity("copy") == same
    (copy / "config.json").write_text((copy / "config.json").read_text() + " ")
    surroundings.models = replace(surroundings.models, _prints={})
    assert surroundings.identity("copy") != same


def test_what_evaluators_say_reaches_whoever_watches(surroundings):
    said = []
    surroundings.say("nobody hears it")
    surroundings.speak = said.append
    surroundings.say("it costs 3")
    assert said == ["it costs 3"]
