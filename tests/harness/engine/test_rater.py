import copy

import numpy as np
import pytest
import tiny
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from harness.engine import loading
from harness.engine.encoding import Encoder
from harness.engine.rater_files import create_rater, load_rater, save_rater
from harness.engine.stepper import make_trainable
from harness.errors import ModelError
from harness.examples import Example, Response, user_prompt
from harness.training import Lora, Tokens, Training

TOKENS = Tokens(min_prompt=4)
EXAMPLES = [
    tiny.example("w1 w2 w3", "w4 w5", "", "w6 w7 w8 w9 w10 w11"),
    tiny.example("", "w12"),
    Example("own", user_prompt("w1"), (Response("w2 w3"), Response("w4", prompt=user_prompt("w5 w6 w7")))),
]


def base(tmp_path, family="llama", **changed):
    model = tiny.language_model(family)
    for name, value in changed.items():
        setattr(model.tokenizer, name, value)
    loading.save(model, tmp_path / family)
    return tmp_path / family


def one_row_at_a_time(rater, encoded):
    rows = [e.prompts[p] + r for e in encoded for r, p in zip(e.responses, e.prompt_of, strict=True)]
    return torch.cat([rater.bare(input_ids=torch.tensor([row])).logits[:, 0] for row in rows])


@pytest.mark.parametrize("family", tiny.CONFIGS)
def test_packed_rewards_and_gradients_equal_transformers_one_row_at_a_time(family, tmp_path):
    rater = create_rater(base(tmp_path, family), TOKENS, seed=0)
    assert rater.refusal == ""
    encoded = Encoder(tiny.tokenizer(), TOKENS, None).examples(EXAMPLES)  # transformers picks its own for some families
    weights = torch.linspace(-1, 1, 6)
    results = []
    for rewards in (rater.forward(encoded).total, one_row_at_a_time(rater, encoded)):
        rater.model.zero_grad()
        (rewards * weights).sum().backward()
        gradient = [p.grad.flatten() for p in rater.model.parameters() if p.grad is not None]
        results.append((rewards.detach(), torch.cat(gradient)))
    (packed, found), (plain, wanted) = results
    torch.testing.assert_close(packed, plain, atol=1e-5, rtol=0)
    assert plain.std() > 0.1
    assert torch.linalg.norm(found - wanted) < 1e-5 * torch.linalg.norm(wanted)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_the_padded_pass_gives_the_same(family, tmp_path):
    rater = create_rater(base(tmp_path, family), TOKENS, seed=0)
    packed = rater.rewards(EXAMPLES)
    rater.refusal = "to see"
    for a, b in zip(packed, rater.rewards(EXAMPLES), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    rater.bare.config.pad_token_id = None
    for a, b in zip(packed, rater.rewards(EXAMPLES), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)


def test_where_padding_is_the_end_token_the_one_before_it_is_read_as_transformers_does(tmp_path):
    rater = create_rater(base(tmp_path, "llama", pad_token=None), TOKENS, seed=0)
    assert rater.pad == rater.tokenizer.eos_token_id == 2
    examples = [*EXAMPLES, tiny.example("w1 </s> </s>", "", "w2"), tiny.example("</s>", "</s>")]
    encoded = rater.encoder.examples(examples)
    assert rater.refusal == ""
    with torch.no_grad():
        torch.testing.assert_close(rater.forward(encoded).total, one_row_at_a_time(rater, encoded), atol=1e-5, rtol=0)


def test_the_body_is_the_language_models_and_the_head_is_seeded(tmp_path):
    folder = base(tmp_path)
    one, same, other = (create_rater(folder, TOKENS, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one.model.score.weight, same.model.score.weight)
    assert not torch.equal(one.model.score.weight, other.model.score.weight)
    assert one.model.score.weight.shape == (1, 32)
    body = loading.load(folder, TOKENS).causal.base_model.state_dict()
    assert all(torch.equal(body[name], value) for name, value in one.model.base_model.state_dict().items())


def test_a_saved_rater_is_a_plain_transformers_folder_and_comes_back_the_same(tmp_path):
    rater = create_rater(base(tmp_path), TOKENS, seed=0)
    before = rater.rewards(EXAMPLES)
    save_rater(rater, tmp_path / "rater")
    for a, b in zip(before, load_rater(tmp_path / "rater", TOKENS).rewards(EXAMPLES), strict=True):
        np.testing.assert_array_equal(a, b)
    plain = AutoModelForSequenceClassification.from_pretrained(str(tmp_path / "rater"))
    tokenizer = AutoTokenizer.from_pretrained(str(tmp_path / "rater"))
    given = tokenizer(["w1 w2 w3 w4 w5 </s>", "w1 w2 w3 </s>"], padding=True, return_tensors="pt")
    with torch.no_grad():
        found = plain(given["input_ids"], given["attention_mask"]).logits[:, 0]
    np.testing.assert_allclose(found, before[0][:2], atol=1e-5)


def test_with_adapters_the_head_is_trained_in_full_and_saving_merges_them(tmp_path):
    rater = create_rater(base(tmp_path), TOKENS, seed=0)
    make_trainable(rater, Training(lora=Lora(r=2)), seed=0)
    trained = {name for name, p in rater.model.named_parameters() if p.requires_grad}
    assert {name for name in trained if "lora" not in name} == {"base_model.model.score.modules_to_save.default.weight"}
    assert any("q_proj.lora" in name for name in trained)
    optimiser = torch.optim.SGD([p for p in rater.model.parameters() if p.requires_grad], lr=0.1)
    encoded = rater.encoder.examples(EXAMPLES)
    for _ in range(2):
        rater.forward(encoded).total.square().sum().backward()
        optimiser.step()
    before = rater.rewards(EXAMPLES)
    save_rater(rater, tmp_path / "rater")
    for a, b in zip(before, load_rater(tmp_path / "rater", TOKENS).rewards(EXAMPLES), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4, rtol=1e-4)


def test_an_adapter_is_a_start_too(tmp_path):
    policy = loading.load(base(tmp_path), TOKENS)
    make_trainable(policy, Training(lora=Lora(r=2)), seed=0)
    loading.save(policy, tmp_path / "adapter")
    rater = create_rater(tmp_path / "adapter", TOKENS, seed=0)
    assert not hasattr(rater.model, "get_base_model")
    assert all(p.requires_grad for p in rater.model.parameters())


@pytest.mark.parametrize("budget", [1, 20, 10_000])
def test_rewards_do_not_depend_on_the_batch_and_progress_is_told(budget, tmp_path):
    rater = create_rater(base(tmp_path), TOKENS, seed=0)
    together = rater.rewards(EXAMPLES)
    rater.token_budget = budget
    done = []
    for a, b in zip(together, rater.rewards(EXAMPLES, done.append), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert sum(done) == len(EXAMPLES)
    assert [r.dtype for r in together] == [np.float32] * 3


def test_bf16_is_close(tmp_path):
    folder = base(tmp_path)
    exact, rough = (create_rater(folder, TOKENS, dtype=d, seed=0).rewards(EXAMPLES) for d in ("fp32", "bf16"))
    np.testing.assert_allclose(np.concatenate(exact), np.concatenate(rough), atol=0.1)


def test_what_is_no_reward_model_is_refused_with_the_reason(tmp_path):
    with pytest.raises(ModelError, match=r"holds no sequence classifier, but LlamaForCausalLM"):
        load_rater(base(tmp_path), TOKENS)
    with pytest.raises(ModelError, match="no sequence classifier can be read"):
        load_rater(tmp_path / "nowhere", TOKENS)
    two = AutoModelForSequenceClassification.from_config(copy.deepcopy(tiny.CONFIGS["llama"]))
    two.save_pretrained(str(tmp_path / "two"))
    with pytest.raises(ModelError, match="has 2 outputs, where a reward model has one"):
        load_rater(tmp_path / "two", TOKENS)
    rater = create_rater(base(tmp_path, "gpt2"), TOKENS, seed=0)
    del rater.model.score
    rater.model.save_pretrained(str(tmp_path / "headless"))
    with pytest.raises(ModelError, match=r"lacks weights: score\.weight"):
        load_rater(tmp_path / "headless", TOKENS)
