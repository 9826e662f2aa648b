import pytest
import torch

from harness.engine import blocks as padded
from harness.engine.encoding import Encoded
from harness.engine.layout import layout, rounded
from harness.examples import Example, Response, user_prompt


def encoded(prompts, responses, prompt_of):
    told = Example("e", user_prompt("?"), tuple(Response("!") for _ in responses))
    return Encoded(told, prompts, prompt_of, responses)


TWO_PROMPTS = encoded(((1, 2, 3), (4, 5)), ((6, 7), (8,), (9, 10, 11)), (0, 1, 0))
ONE = encoded(((12,),), ((13, 14),), (0,))


def test_prompts_stand_once_and_positions_go_on_from_them():
    flat = layout([TWO_PROMPTS, ONE])
    assert flat.tokens.tolist() == [1, 2, 3, 4, 5, 6, 9, 10, 12, 13]
    assert flat.positions.tolist() == [0, 1, 2, 0, 1, 3, 3, 4, 0, 1]
    assert flat.target.tolist() == [6, 7, 8, 9, 10, 11, 13, 14]
    assert flat.predictor.tolist() == [2, 5, 4, 2, 6, 7, 8, 9]
    assert flat.counts.tolist() == [2, 1, 3, 2]
    assert flat.cell.tolist() == [0, 1, 3, 6, 7, 8, 9, 10]


def test_groups_name_each_prompt_with_its_responses_whatever_their_order():
    flat = layout([TWO_PROMPTS, ONE])
    assert flat.groups.tolist() == [[0, 3, 0, 2], [3, 2, 2, 1], [8, 1, 3, 1]]
    assert flat.responses.tolist() == [[5, 1], [6, 2], [6, 0], [9, 1]]


def test_the_end_of_a_response_is_its_last_fed_token_or_its_prompts():
    assert layout([TWO_PROMPTS, ONE]).ends.tolist() == [5, 4, 7, 9]
    whole = layout([TWO_PROMPTS], whole=True)
    assert whole.tokens[whole.ends].tolist() == [7, 8, 11]


@pytest.mark.parametrize("count", [1, 16, 31, 32, 33, 1000, 1024, 1025, 8191])
def test_sizes_are_rounded_up_by_a_sixteenth_at_most(count):
    assert count <= rounded(count) <= count * 17 / 16
    assert len({rounded(n) for n in range(1024, 2048)}) == 16 + 1


def test_what_fills_up_is_read_by_nobody():
    flat = layout([encoded(((1,) * 900,), ((2,) * 70, (3,) * 35), (0, 0))])
    assert len(flat.tokens) == rounded(900 + 69 + 34) == 1024
    assert flat.groups.tolist()[1:] == [[1003, 16, 2, 0], [1019, 5, 2, 0]]
    assert flat.positions[1003:].tolist() == [*range(16), *range(5)]
    assert len(flat.cell) == 105
    assert len(flat.predictor) == len(flat.target) == 108


@pytest.mark.parametrize("whole", [False, True])
def test_blocks_cover_every_token_once_and_see_prompt_and_self(whole):
    flat = layout([TWO_PROMPTS, ONE], whole=whole)
    found = flat.blocks
    real = torch.cat([b.queries[b.query_places >= 0] for b in found.blocks])
    assert sorted(real.tolist()) == list(range(len(flat.tokens)))
    laid = torch.cat([b.queries.flatten() for b in found.blocks])
    assert laid[found.unpad].tolist() == list(range(len(flat.tokens)))
    of_responses = found.blocks[1]
    seen = of_responses.keys[0][of_responses.key_places[0] < padded.BEYOND]
    assert flat.tokens[seen].tolist() == [1, 2, 3, 6, *([7] if whole else [])]
