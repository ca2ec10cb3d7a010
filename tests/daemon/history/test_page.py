"""The page: whole HTML that loads nothing, in which the log's text is text."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest

from emotiond.colours import ON_DARK, ON_LIGHT
from emotiond.history import page
from emotiond.history.history import History
from tests.daemon.history import histories as h
from tests.daemon.history.test_localtime import WARSAW
from tests.daemon.test_colours import contrast

VOID = {"meta", "link", "br", "hr", "img", "input"}
EVIL = "<script>alert('x')</script>&\"'\x1b[2J"


class Page(HTMLParser):
    """Checks that tags are closed in order, and collects elements, attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data

    def tags(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture
def lines() -> list[bytes]:
    """Return two days with speech, silence, an end, a correction, and names that are markup."""
    return [
        h.status(h.NOON, "started"),
        *h.speech(h.NOON + 600.0, 600.0, 40),
        h.utterance(h.NOON + 622.0, 600.0, 620.0, id="a", source=EVIL),
        *h.speech(h.NOON + 1200.0, 1200.0, 20, EVIL),
        h.utterance(h.NOON + 1212.0, 1200.0, 1210.0, None, id="b"),
        h.correction(h.NOON + 1300.0, "a", f"{EVIL}2", EVIL),
        *h.speech(h.NOON + 86_400.0, 86_400.0, 4, None),
        h.status(h.NOON + 86_500.0, "stopping"),
    ]


@pytest.fixture
def history(tmp_path: Path, lines: list[bytes]) -> History:
    return h.history_of(tmp_path, lines)


def page_of(history: History, title: str = "Two days") -> str:
    return "".join(page.page_of(history, title))


def test_the_page_is_well_formed_and_loads_nothing(history: History) -> None:
    html = page_of(history)
    found = Page(html)
    assert "http" not in html.replace("http-equiv", "")
    assert "url(" not in html
    assert "@import" not in html
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in found.elements}
    for _, attributes in found.elements:
        assert not {"src", "style", "onload", "onclick"} & set(attributes)
        assert attributes.get("href", "#").startswith("#")


def test_names_of_the_log_are_text_and_can_not_steer_anything(history: History) -> None:
    html = page_of(history, EVIL)
    assert "<script" not in html
    assert "\x1b" not in html
    shown = EVIL.replace("\x1b", " ")
    assert Page(html).text.count(shown) >= 5  # title, heading, tables, microphone


def test_every_link_leads_to_a_day_of_the_page(history: History) -> None:
    found = Page(page_of(history))
    ids = [attributes["id"] for attributes in found.tags("section") if "id" in attributes]
    assert ids == ["d2026-05-01", "d2026-05-02"]
    assert [attributes["href"] for attributes in found.tags("a")] == [f"#{each}" for each in ids]


def test_readers_who_see_no_colour_get_the_same_in_words(history: History) -> None:
    html = page_of(history)
    found = Page(html)
    assert all(each.get("aria-label") for each in found.tags("svg"))
    assert len(re.findall("<rect[^>]*><title>", html)) == len(re.findall('<rect class="[^o]', html))
    assert len(found.tags("caption")) == len(found.tags("table"))
    assert {each["scope"] for each in found.tags("th")} == {"col", "row"}
    assert found.tags("html") == [{"lang": "en"}]
    # A colour never stands alone.
    assert not re.search(r'class="swatch[^>]*></span><', html)


def test_a_correction_and_the_prediction_are_both_shown(history: History) -> None:
    rows = re.findall("<tr>.*?</tr>", page_of(history))
    (row,) = [each for each in rows if "12:10:00" in each]
    cells = re.sub("<[^>]*>", "|", row)
    assert "calm" in cells
    assert "75%" in cells
    assert "2 (by " in cells


def test_a_label_that_no_model_names_has_a_colour_too(tmp_path: Path) -> None:
    lines = [
        h.utterance(h.NOON, 0.0, 5.0, "bored", id="a"),
        h.correction(h.NOON, "a", "calm"),
    ]
    assert "bored" in page_of(h.history_of(tmp_path, lines))


def test_the_day_that_gains_an_hour_has_it_on_its_axis(tmp_path: Path) -> None:
    morning = datetime(2026, 10, 25, 9, 0, tzinfo=WARSAW).timestamp()
    lines = [h.status(morning - 10 * 3600.0, "started"), *h.speech(morning, 36_000.0, 4)]
    html = page_of(h.history_of(tmp_path, lines, zone=WARSAW))
    names = re.findall(r'<text x="([\d.]+)" y="\d+">(\d\d:\d\d)<', html)
    assert [name for _, name in names] == [f"{hour:02d}:00" for hour in range(0, 24, 3)]
    places = [float(place) for place, _ in names]
    assert places[1] - places[0] == pytest.approx(4 / 25 * 960, abs=0.2)
    assert places[2] - places[1] == pytest.approx(3 / 25 * 960, abs=0.2)


def test_a_page_of_nothing_says_so() -> None:
    assert "No daemon listened then." in Page(page_of(History(zone=UTC))).text


def test_text_and_colours_stand_out_from_the_ground_in_light_and_dark() -> None:
    schemes = page.STYLE.split("@media screen")
    for scheme, colours in zip(schemes[:2], (ON_LIGHT, ON_DARK), strict=True):
        named = dict(re.findall(r"--([a-z]+): (#[0-9a-f]{6});", scheme))
        for colour in (named["text"], named["soft"], *colours):
            assert contrast(colour, named["ground"]) >= 4.5, colour
        assert contrast(named["uncertain"], named["ground"]) >= 3.0
