import pytest
from benchmark import load

random_work = load("random_work")
Pairs, Shape = random_work.Pairs, random_work.Shape

TINY = Shape(layers=1, hidden=16, mlp=32, heads=2, vocab=40)


def test_lengths_vary_by_half_around_the_mean_with_the_end_of_sequence_token():
    rows = random_work.draw_pairs(Pairs(400, prompt=20, response=10), TINY)
    prompts = [len(prompt.split()) for prompt, _ in rows]
    responses = [len(response.split()) + 1 for _, both in rows for response in both]
    assert (min(prompts), max(prompts)) == (10, 30)
    assert (min(responses), max(responses)) == (5, 15)
    assert sum(prompts) / len(prompts) == pytest.approx(20, rel=0.05)


def test_the_same_seed_draws_the_same_work():
    pairs = Pairs(5, prompt=4, response=3)
    assert random_work.draw_pairs(pairs, TINY, 1) == random_work.draw_pairs(pairs, TINY, 1)
    assert random_work.draw_pairs(pairs, TINY, 1) != random_work.draw_pairs(pairs, TINY, 2)


def test_text_comes_back_from_the_tokenizer_a_token_a_word():
    tokenizer = random_work.tokenizer(TINY)
    assert tokenizer("w0 w36")["input_ids"] == [3, 39]
    assert tokenizer("w0 w1</s>")["input_ids"][-1] == tokenizer.eos_token_id
    assert len(tokenizer) == TINY.vocab


def test_an_mlp_is_8_3_of_the_hidden_size_to_the_next_16_unless_it_is_said():
    def asked(*flags):
        parser = random_work.argparse.ArgumentParser()
        random_work.add_shape(parser)
        return random_work.shape_of(parser.parse_args(flags))

    assert asked() == Shape()
    assert asked("--hidden", "128").mlp == 352
    assert asked("--family", "gpt-neox", "--hidden", "128").mlp == 512
    assert asked("--mlp", "48").mlp == 48


def test_token_counts_tell_order_and_content_apart():
    one, other = [[[1, 2], [3], [4]]], [[[1, 2], [4], [3]]]
    counted = random_work.token_counts(one)
    assert (counted["prompt_tokens"], counted["response_tokens"]) == (2, 2)
    assert counted["digest"] != random_work.token_counts(other)["digest"]


def test_plain_logps_are_those_of_the_whole_forward_pass():
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_config(random_work.config(TINY)).eval()
    ((found,),) = random_work.plain_logps(model, [[[5, 6, 7], [8, 2]]])
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[5, 6, 7, 8, 2]])).logits[0].log_softmax(-1)
    assert found == pytest.approx(float(logits[2, 8] + logits[3, 2]), abs=1e-5)


def test_parameters_are_counted_without_making_them():
    matrices = 4 * 16 * 16 + 3 * 16 * 32 + 2 * 16 * 40
    assert random_work.parameters(TINY) == matrices + 3 * 16
