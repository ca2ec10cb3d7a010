"""Colours of the labels: all legible, and no two alike."""

from itertools import combinations

import pytest

from emotiond.colours import BASIC, COLOURS, ON_DARK, ON_LIGHT, places_of

BLACK, WHITE = "#000000", "#ffffff"
SOLARIZED_DARK, SOLARIZED_LIGHT = "#002b36", "#fdf6e3"
SOLARIZED = (
    ("#073642", "#dc322f", "#859900", "#b58900", "#268bd2", "#d33682", "#2aa198", "#eee8d5"),
    ("#002b36", "#cb4b16", "#586e75", "#657b83", "#839496", "#6c71c4", "#93a1a1", "#fdf6e3"),
)
"""The sixteen colours of a terminal with Solarized: 0 to 7, 8 to 15."""
LEAST_CONTRAST = 4.5
"""Of words with their ground, by WCAG 2.1, level AA."""
FIELDS = tuple(each.field for each in COLOURS)


def parts(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def luminance(colour: str) -> float:
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (part / 255 for part in parts(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def distance(one: str, other: str) -> float:
    return sum((a - b) ** 2 for a, b in zip(parts(one), parts(other), strict=True)) ** 0.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(BLACK, WHITE) == pytest.approx(21.0)
    assert contrast("#777777", WHITE) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("ground", [BLACK, SOLARIZED_DARK])
def test_words_are_legible_on_dark_ground(ground: str) -> None:
    assert min(contrast(colour, ground) for colour in ON_DARK) >= LEAST_CONTRAST


@pytest.mark.parametrize("ground", [WHITE, SOLARIZED_LIGHT])
def test_words_are_legible_on_light_ground(ground: str) -> None:
    assert min(contrast(colour, ground) for colour in ON_LIGHT) >= LEAST_CONTRAST


def test_letters_are_legible_on_their_field() -> None:
    assert min(contrast(each.letters, each.field) for each in COLOURS) >= LEAST_CONTRAST


@pytest.mark.parametrize(
    ("palette", "least"),
    # Words on light ground must be dark, which leaves less room between them.
    [(ON_DARK, 50), (ON_DARK[:7], 70), (ON_LIGHT, 35), (ON_LIGHT[:7], 60), (FIELDS, 60)],
)
def test_no_two_colours_are_alike(palette: tuple[str, ...], least: float) -> None:
    assert min(distance(*pair) for pair in combinations(palette, 2)) >= least


def test_no_two_labels_are_alike_in_sixteen_colours_and_none_is_a_grey() -> None:
    fields = [each.field for each in BASIC]
    assert len(set(fields)) == len(BASIC) >= 8
    assert not set(fields) & {0, 7, 8, 15}


@pytest.mark.parametrize("ground", [SOLARIZED_DARK, SOLARIZED_LIGHT])
def test_the_sixteen_colours_are_seen_on_both_grounds_of_solarized(ground: str) -> None:
    for each in BASIC:
        shown = SOLARIZED[each.field // 8][each.field % 8]
        assert contrast(shown, ground) >= 2.4


def test_a_label_of_ones_own_has_a_colour_by_its_place() -> None:
    labels = tuple(f"feeling {number}" for number in range(30))
    places = places_of(labels)
    assert list(places.values())[:14] == [*range(12), 0, 1]
    assert places_of(labels[:3]).items() <= places.items()
