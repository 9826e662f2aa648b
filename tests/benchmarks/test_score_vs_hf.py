import pytest
from benchmark import load

versus = load("score_vs_hf")
score_side = load("score_side")
random_work = load("random_work")

SHAPE = random_work.Shape(layers=2, hidden=16, mlp=32, heads=2, vocab=50)


def test_ratios_are_how_much_longer_a_way_takes():
    def way(seconds, **more):
        return {
            "best": "b",
            "runs": {},
            "seconds": seconds,
            "cpu_seconds": 1,
            "peak_rss_gb": 1,
            "logps": [[-1]],
            **more,
        }

    rounds = [{"engine": way(1, engine={}), "padded": way(8), "cache": way(3, logps=[[-1.5]])}]
    found = versus.compare(rounds, candidates=4, tokens=10)
    assert (found["ratio_padded"], found["ratio_cache"]) == (8, 3)
    assert found["ways"]["padded"]["candidates_per_second"] == 0.5
    assert found["ways"]["cache"]["nats_apart"] == 0.5
    assert not found["agree"]


def test_every_way_gives_the_log_probs_of_the_plain_pass():
    """A padded batch with rows of every length, and the prompt cache, against one row at a time."""
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(random_work.config(SHAPE)).eval()
    tokenizer = random_work.tokenizer(SHAPE)
    rows = random_work.draw_pairs(random_work.Pairs(3, prompt=6, response=4, responses=3), SHAPE)
    ids = [[prompt, *responses] for prompt, responses in score_side._ids(tokenizer, rows)]
    plain = random_work.plain_logps(model, ids)
    with torch.inference_mode():
        for found in (
            score_side._padded(model, tokenizer, rows, 4),
            score_side._cached(model, tokenizer, rows),
        ):
            for one, other in zip(found, plain, strict=True):
                assert one == pytest.approx(other, abs=1e-4)
