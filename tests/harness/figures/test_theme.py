"""Colours: contrast by WCAG 2.2's formula, distance under three kinds of colour blindness."""

import itertools

import numpy as np
import pytest

from harness.figures.theme import DARK, LIGHT, STANDINGS, VERDICTS, config

PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
SEEN = {
    "as it is": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
"""Machado, Oliveira and Fernandes 2009, severity 1, on linear sRGB."""
TO_LMS = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
          [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
TO_LAB = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
          [0.0259040371, 0.7827717662, -0.8086757660]]  # fmt: skip
APART = 0.05
"""Least distance in Oklab of two colours of a range in one figure; just noticed is 0.02."""


def linear(colour):
    channels = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    lighter, darker = sorted((float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def distance(one, other):
    """The least of any eye."""

    def lab(colour, matrix):
        return TO_LAB @ np.cbrt(TO_LMS @ np.clip(np.array(matrix) @ linear(colour), 0, 1))

    return min(float(np.linalg.norm(lab(one, matrix) - lab(other, matrix))) for matrix in SEEN.values())


def test_the_formulas_are_right_where_the_answer_is_known():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)
    assert distance("#000000", "#ffffff") == pytest.approx(1, abs=1e-3)
    assert distance("#e00000", "#e00000") == 0


@PALETTES
def test_text_has_a_contrast_of_four_and_a_half(palette):
    for text in (palette.ink, palette.quiet):
        for ground in (palette.ground, palette.band):
            assert contrast(text, ground) >= 4.5


@PALETTES
def test_marks_have_a_contrast_of_three(palette):
    marks = [palette.line, palette.seed, *palette.standing.values(), *palette.verdict.values(), *palette.rows]
    assert {mark: contrast(mark, palette.ground) for mark in marks if contrast(mark, palette.ground) < 3} == {}


@PALETTES
def test_colours_of_one_figure_stay_apart_for_any_eye(palette):
    told = [name for name in STANDINGS if name != "no figure"]
    directed, undirected = ([name for name in VERDICTS if name not in gone] for gone in (
        {"higher", "lower"}, {"better", "worse"}))  # fmt: skip
    for colours, names in ((palette.standing, told), (palette.verdict, directed), (palette.verdict, undirected)):
        near = {p: round(distance(*(colours[n] for n in p)), 3) for p in itertools.combinations(names, 2)}
        assert {pair: found for pair, found in near.items() if found < APART} == {}


@pytest.mark.parametrize("dark", [False, True])
def test_the_config_names_the_ranges_and_styles_of_both_themes_alike(dark):
    found, other = config(dark), config(not dark)
    assert found["range"]["standing"] != other["range"]["standing"]
    assert len(found["range"]["standing"]) == len(STANDINGS)
    assert len(found["range"]["verdict"]) == len(VERDICTS)
    assert found["style"].keys() == other["style"].keys()
