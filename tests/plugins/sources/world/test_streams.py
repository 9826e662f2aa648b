import itertools

import numpy as np
from harness_plugins.sources.world.streams import Purpose, Stream


def test_a_stream_is_the_same_numbers_on_every_machine():
    stream = Stream(Purpose.TRAIN, variant=0, seed=3)
    assert stream.uniforms(3).tolist() == [0.2674596110691828, 0.2347655058764465, 0.547521145062878]
    assert Stream(Purpose.SPLIT, 0).permutation(6).tolist() == [1, 2, 5, 3, 4, 0]


def test_more_rows_begin_as_fewer_do():
    stream = Stream(Purpose.TEST, 1)
    assert np.array_equal(stream.uniforms(50, 7)[:20], stream.uniforms(20, 7))


def test_streams_of_different_names_differ():
    names = itertools.product(list(Purpose), (0, 1, 2**40), (0, 1), (0, 1))
    firsts = [float(Stream(*name).uniforms(1)[0]) for name in names]
    assert len(set(firsts)) == len(firsts)


def test_uniforms_are_uniform():
    drawn = Stream(Purpose.BASE, 0).uniforms(100_000)
    assert drawn.min() >= 0
    assert drawn.max() < 1
    counts = np.histogram(drawn, bins=20, range=(0, 1))[0]
    assert ((counts - 5000) ** 2 / 5000).sum() < 50  # chi-squared with 19 degrees of freedom: 1 in 7,000


def test_permutations_hold_every_number_once():
    assert sorted(Stream(Purpose.SPLIT, 0).permutation(1000).tolist()) == list(range(1000))
