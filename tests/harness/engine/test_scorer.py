import dataclasses
import random

import pytest
import tiny
import torch

from harness.engine import loading
from harness.engine.packed_model import divided, split_by_tokens
from harness.examples import Example, Response, user_prompt


def text(draw, longest):
    return " ".join(f"w{draw.randrange(60)}" for _ in range(draw.randint(0, longest)))


def examples(count=9, seed=0):
    draw = random.Random(seed)
    made = []
    for i in range(count):
        own = user_prompt(text(draw, 6)) if i % 4 == 3 else None
        responses = [Response(text(draw, 9), prompt=own if k == 1 else None) for k in range(draw.randint(1, 4))]
        made.append(Example(f"e{i}", user_prompt(text(draw, 12)), tuple(responses)))
    return made


def one_row_at_a_time(model, encoded):
    """Summed log-probs by transformers' own forward pass, one response after the other."""
    totals = []
    for example in encoded:
        for response, which in zip(example.responses, example.prompt_of, strict=True):
            prompt = example.prompts[which]
            logits = model.causal(input_ids=torch.tensor([prompt + response])).logits[0].double()
            logps = logits.log_softmax(-1)
            totals.append(sum(logps[len(prompt) - 1 + i, token] for i, token in enumerate(response)))
    return torch.stack(totals)


@pytest.mark.parametrize("family", tiny.CONFIGS)
def test_packed_logps_equal_one_row_at_a_time(family):
    model = tiny.language_model(family)
    assert model.refusal == ""
    encoded = model.encoder.examples(examples())
    with torch.no_grad():
        packed, plain = model.forward(encoded), one_row_at_a_time(model, encoded)
    per_token = (packed.total - plain).abs() / packed.tokens
    assert per_token.max() < 1e-5


@pytest.mark.parametrize("family", tiny.CONFIGS)
def test_packed_gradients_equal_one_row_at_a_time(family):
    model = tiny.language_model(family)
    encoded = model.encoder.examples(examples(5))
    weights = torch.linspace(-1, 1, sum(len(e.responses) for e in encoded))

    def gradient(totals):
        model.model.zero_grad()
        (totals * weights.to(totals.dtype)).sum().backward()
        return torch.cat([p.grad.flatten() for p in model.model.parameters()])

    packed, plain = gradient(model.forward(encoded).total), gradient(one_row_at_a_time(model, encoded))
    assert torch.linalg.norm(packed - plain) / torch.linalg.norm(plain) < 1e-4


@pytest.mark.parametrize("family", ["llama", "gpt-neox"])
def test_logps_do_not_depend_on_what_else_is_in_the_batch(family):
    model = tiny.language_model(family)
    encoded = model.encoder.examples(examples(12))
    together = model.logps_of(encoded)
    for example, (total, tokens) in zip(encoded, together, strict=True):
        alone, _ = model.logps_of([example])[0]
        assert abs(alone - total).max() / tokens.min() < 1e-5


def test_long_groups_take_the_other_attention_and_agree(monkeypatch):
    model = tiny.language_model()
    encoded = model.encoder.examples(examples())
    with torch.no_grad():
        kept = model.forward(encoded).total
        monkeypatch.setattr("harness.engine.attention.KEPT_PROBABILITIES", 0)
        assert torch.allclose(model.forward(encoded).total, kept, atol=1e-5)


def test_chunked_head_changes_neither_values_nor_gradients(monkeypatch):
    model = tiny.language_model()
    encoded = model.encoder.examples(examples())
    found = []
    for chunk in (1 << 25, 64 * 7):
        monkeypatch.setattr("harness.engine.logprobs.CHUNK", chunk)
        model.model.zero_grad()
        total = model.forward(encoded).total
        total.sum().backward()
        found.append((total.detach(), model.causal.lm_head.weight.grad.clone()))
    assert torch.allclose(found[0][0], found[1][0], atol=1e-5)
    assert torch.allclose(found[0][1], found[1][1], rtol=1e-4, atol=1e-5)


def test_an_architecture_that_cannot_be_packed_takes_the_padded_pass_and_says_so(monkeypatch):
    model = tiny.language_model()
    encoded = model.encoder.examples(examples())
    with torch.no_grad():
        packed = model.forward(encoded).total
        monkeypatch.setattr(type(model), "_packed", lambda *_: (_ for _ in ()).throw(TypeError("unknown argument")))
        model.check_packed()
        assert "TypeError" in model.refusal
        assert torch.allclose(model.forward(encoded).total, packed, atol=1e-4)


def test_a_packed_pass_that_gives_other_numbers_is_refused(monkeypatch):
    model = tiny.language_model()
    honest = type(model)._packed

    def wrong(self, encoded):
        found = honest(self, encoded)
        return dataclasses.replace(found, total=found.total - 1)

    monkeypatch.setattr(type(model), "_packed", wrong)
    model.check_packed()
    assert "nats a token" in model.refusal


def test_the_matmul_setting_is_put_back_for_foreign_code():
    model = tiny.language_model()
    before = torch.get_float32_matmul_precision()
    model.forward(model.encoder.examples(examples(1)))
    assert torch.get_float32_matmul_precision() == before


def test_parts_keep_the_order_and_the_budget():
    encoded = tiny.language_model().encoder.examples(examples(12))
    parts = split_by_tokens(encoded, 60)
    assert [e for part in parts for e in part] == encoded
    for part in parts:
        padded = max(e.length for e in part) * sum(len(e.prompts) for e in part)
        assert padded <= 60 or len(part) == 1


def test_an_example_too_large_for_one_pass_is_scored_in_parts():
    model = tiny.language_model()
    draw = random.Random(0)
    many = tuple(
        Response(text(draw, 9), prompt=user_prompt(text(draw, 6)) if k % 50 == 0 else None) for k in range(500)
    )
    encoded = model.encoder.examples([*examples(5), Example("many", user_prompt("w1 w2 w3"), many), *examples(2)])
    whole = model.logps_of(encoded)
    model.token_budget = 64
    ticks = []
    parts = model.logps_of(encoded, ticks.append)
    assert sum(ticks) == len(encoded)
    for (total, tokens), (expected, counts) in zip(parts, whole, strict=True):
        assert tokens.tolist() == counts.tolist()
        assert abs(total - expected).max() / tokens.min() < 1e-5


def test_parts_hold_every_response_once_with_its_prompt_within_the_budget():
    encoded = tiny.language_model().encoder.examples(examples(1, seed=3))[0]
    prompts = ((1, 5, 6), (1,) * 30)
    large = dataclasses.replace(
        encoded, prompts=prompts, prompt_of=(0, 1, 0, 0, 1), responses=((9,) * 4,) * 4 + ((8,) * 50,)
    )
    parts = divided(large, 16)
    assert (
        [(p.prompts, p.responses) for p in parts]
        == [
            (prompts[:1], ((9,) * 4,)),
            (prompts[1:], ((9,) * 4,)),  # a response that is too long stands alone
            (prompts[:1], ((9,) * 4,) * 2),
            (prompts[1:], ((8,) * 50,)),
        ]
    )
    assert [p.prompt_of for p in parts] == [(0,), (0,), (0, 0), (0,)]
    assert divided(large, 200) == [large]


@pytest.mark.parametrize("stored", [torch.bfloat16, torch.float16, torch.float32])
def test_a_checkpoint_of_any_precision_is_scored_in_float32(stored, tmp_path):
    loading.save(tiny.language_model(dtype=stored), tmp_path / "model")
    model = loading.load(tmp_path / "model", tiny.language_model().encoder.tokens)
    assert {p.dtype for p in model.model.parameters()} == {torch.float32}
    encoded = model.encoder.examples(examples())
    found = model.logps_of(encoded)
    assert {total.dtype.name for total, _ in found} == {"float32"}
    model.model.double()
    with torch.no_grad():
        exact = torch.split(one_row_at_a_time(model, encoded), [len(e.responses) for e in encoded])
    error = max(float(abs(t - e.numpy()).max()) for (t, _), e in zip(found, exact, strict=True))
    assert error < 5e-5, f"{error} nats, where a log-prob is about {exact[0].mean():.0f}"
