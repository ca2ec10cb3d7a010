"""The hub's pages: each leads to all others, and text of the log stays text."""

from datetime import timedelta
from pathlib import Path

import pytest

from emotiond.colours import COLOURS
from emotiond.history.localtime import today
from emotiond.hub import pages
from tests.daemon.history import histories as h
from tests.daemon.history.test_page import EVIL, Page

FILES = pages.files()


@pytest.mark.parametrize("name", ["Live", "Voices", "Health"])
def test_a_view_is_whole_leads_to_all_others_and_loads_only_files_of_the_hub(name: str) -> None:
    page = Page(pages.view(name))
    assert {each["href"] for each in page.tags("a")} >= set(pages.VIEWS.values())
    current = [each["href"] for each in page.tags("a") if "aria-current" in each]
    assert current == [pages.VIEWS[name]]
    links = [each["href"] for each in page.tags("link")] + [
        each["src"] for each in page.tags("script")
    ]
    assert all(each.removeprefix("/page/") in FILES for each in links)
    assert not any({"style", "onclick", "onload"} & set(each) for _, each in page.elements)
    assert page.tags("html") == [{"lang": "en"}]
    assert len(page.tags("h1")) == len(page.tags("main")) == 1


def test_scripts_load_only_files_of_the_hub_and_make_no_markup_of_text() -> None:
    for name, (content, media) in FILES.items():
        text = content.decode()
        assert "://" not in text.replace("http://www.w3.org/2000/svg", ""), name
        if media == "text/javascript":
            assert not any(word in text for word in ("innerHTML", "outerHTML", "eval(")), name


def test_every_label_has_a_field_of_the_one_palette() -> None:
    style = FILES[pages.STYLE][0].decode()
    for number, colour in enumerate(COLOURS):
        assert f".f{number}{{background:{colour.field};color:{colour.letters}}}" in style
        assert f"--c{number}:{colour.on_dark};" in style


def test_the_page_of_a_day_has_its_neighbours_and_names_of_the_log_are_text(tmp_path: Path) -> None:
    lines = [
        h.status(h.NOON, "started"),
        h.utterance(h.NOON + 22.0, 0.0, 20.0, EVIL, id="a", source=EVIL),
    ]
    (tmp_path / "predictions-2026-05-01.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    day = h.datetime.fromtimestamp(h.NOON).date()
    html = pages.day_page([tmp_path], day, ["2026-05-01"])
    page = Page(html)
    assert "<script" not in html
    assert "Friday 1 May 2026" in page.text
    assert {"/day/2026-04-30", "/day/2026-05-02"} <= {each["href"] for each in page.tags("a")}
    (chooser,) = [each for each in page.tags("input") if each["type"] == "date"]
    assert (chooser["min"], chooser["value"]) == ("2026-05-01", "2026-05-01")


def test_no_link_leads_to_a_day_that_has_not_come(tmp_path: Path) -> None:
    page = Page(pages.day_page([], today(), []))
    days = [each["href"] for each in page.tags("a") if each["href"].startswith("/day/")]
    assert days == [f"/day/{today() - timedelta(days=1)}"]
    assert "No daemon listened then." in page.text


def test_a_problem_is_text() -> None:
    assert "<script" not in pages.problem_page(EVIL, EVIL)
