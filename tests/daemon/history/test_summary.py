"""The summary: lines that make sense alone, tables that fit a terminal, and the picture."""

import io
import re
import sys
from datetime import UTC
from pathlib import Path

import pytest
from rich.console import Console

from emotiond.errors import EmotiondError, InputError
from emotiond.history.history import History
from emotiond.history.summary import lines_of, show
from emotiond.pictures import check_picture, save_picture
from tests.daemon.history import histories as h

LINES = (
    h.status(h.NOON, "started"),
    *h.speech(h.NOON + 600.0, 600.0, 120),
    h.utterance(h.NOON + 662.0, 600.0, 660.0, id="a"),
    *h.speech(h.NOON + 1200.0, 1200.0, 40, "cross"),
    h.correction(h.NOON + 1300.0, "a", "merry"),
    h.status(h.NOON + 7200.0, "stopping"),
)
NEXT_DAY = (h.status(h.NOON + 86_400.0, "started"), *h.speech(h.NOON + 86_400.0, 0.0, 4))


@pytest.fixture
def history(tmp_path: Path) -> History:
    return h.history_of(tmp_path, LINES)


def test_each_line_of_a_day_makes_sense_alone(history: History) -> None:
    assert list(lines_of(history)) == [
        "2026-05-01: Listened for 2 h 00 min, 1 min 20 s of it was speech. "
        "Of the speech: calm 75%, cross 25%. 1 utterance, 1 corrected.",
        "2026-05-01: calm: 75% of the speech, 1 min 00 s, 0 utterances, longest 1 min 00 s "
        "at 1 May 12:10",
        "2026-05-01: cross: 25% of the speech, 20 s, 0 utterances, longest 20 s at 1 May 12:20",
        "2026-05-01: merry: 0% of the speech, 0 s, 1 utterance",
        "2026-05-01 12:00: speech 1 min 20 s: calm 75%, cross 25%",
    ]


def test_several_days_have_their_sum_and_a_line_each(tmp_path: Path) -> None:
    lines = list(lines_of(h.history_of(tmp_path, (*LINES, b"torn", *NEXT_DAY))))
    assert lines[0].startswith("2 days: Listened for ")
    assert lines[1].startswith("2026-05-01 to 2026-05-02: calm: ")
    assert [each[:11] for each in lines[-3:-1]] == ["2026-05-01:", "2026-05-02:"]
    assert lines[-1] == "1 line of the log could not be read (torn, or not of emotiond)."


def test_nothing_heard_is_said() -> None:
    assert list(lines_of(History(zone=UTC))) == ["No daemon listened then."]


@pytest.mark.parametrize("extra", [(), NEXT_DAY])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_tables_are_plain_text_beneath_their_colours(
    tmp_path: Path, encoding: str, extra: tuple[bytes, ...]
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=stream, width=100, force_terminal=True, color_system="truecolor")
    show(h.history_of(tmp_path, (*LINES, *extra)), console)
    stream.flush()
    text = stream.buffer.getvalue().decode(encoding)
    plain = re.sub(r"\x1b\[[\d;]*m", "", text)
    assert plain != text
    assert max(map(len, plain.splitlines())) <= 100
    # Noon is in the middle of the strip; the key of each label stands beside its name.
    assert re.search(r"^c {2}calm\s", plain, re.MULTILINE)
    assert re.search(rf"(^| ) {{{24 if not extra else 1},}}c[.·]", plain, re.MULTILINE)


@pytest.mark.parametrize(("ending", "start"), [(".png", b"\x89PNG"), (".svg", b"<?xml")])
def test_a_picture_is_a_file_of_its_ending(
    history: History, tmp_path: Path, ending: str, start: bytes
) -> None:
    from emotiond.history.picture import picture_of

    path = tmp_path / f"day{ending}"
    save_picture(picture_of(history), path)
    assert path.read_bytes().startswith(start)


def test_another_ending_is_wrong_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a picture is a \.png or \.svg file"):
        check_picture(tmp_path / "day.jpg")


def test_without_matplotlib_a_sentence_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(EmotiondError, match="install it with: pip install matplotlib"):
        check_picture(tmp_path / "day.png")
