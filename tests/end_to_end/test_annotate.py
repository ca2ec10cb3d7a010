"""The command annotate: one recording, folders, bad files, pictures."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.conftest import Run

RATE = 16_000
ENDINGS = {
    "csv": "csv",
    "json": "json",
    "textgrid": "TextGrid",
    "audacity": "txt",
    "webvtt": "vtt",
}


@pytest.fixture
def talks(tmp_path: Path, sample: np.ndarray) -> Path:
    """Return a folder with two good recordings and a bad one between them."""
    folder = tmp_path / "talks"
    (folder / "deep").mkdir(parents=True)
    soundfile.write(folder / "a.wav", sample[: 6 * RATE], RATE)
    (folder / "b.wav").write_text("no sound")
    soundfile.write(folder / "deep" / "c.flac", sample[5 * RATE : 12 * RATE], RATE)
    return folder


@pytest.mark.parametrize("form", ENDINGS)
def test_a_file_of_a_format_is_what_standard_output_gives(
    emotiond: Run, talks: Path, tmp_path: Path, form: str
) -> None:
    flags = ("--format", form, "--hops")
    printed = emotiond("annotate", *flags, "talks/a.wav")
    assert (printed.returncode, printed.stderr) == (0, b"")
    assert printed.stdout.count(b"\n") >= 1
    assert emotiond("annotate", *flags, "--out", "out", "talks/a.wav").returncode == 0
    assert (tmp_path / "out" / f"a.{ENDINGS[form]}").read_bytes() == printed.stdout


def test_a_folder_is_written_at_its_places_and_a_bad_file_stops_nothing(
    emotiond: Run, talks: Path, tmp_path: Path
) -> None:
    ended = emotiond("annotate", "--format", "textgrid", "--out", "out", "talks")
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr == b"emotiond: talks/b.wav: is text, not a sound file\n"
    written = [str(each.relative_to(tmp_path / "out")) for each in (tmp_path / "out").rglob("*.*")]
    assert sorted(written) == ["a.TextGrid", "deep/c.TextGrid"]


def test_json_has_a_line_for_each_file_and_each_error(emotiond: Run, talks: Path) -> None:
    several, one = (
        emotiond("annotate", "--format", "json", "--jobs", jobs, "talks") for jobs in (2, 1)
    )
    assert several.stdout == one.stdout
    assert (several.returncode, several.stderr) == (1, b"")
    first, bad, last = (json.loads(line) for line in several.stdout.splitlines())
    assert bad == {"file": "talks/b.wav", "error": "talks/b.wav: is text, not a sound file"}
    classified = json.loads(emotiond("classify", "--json", "talks/a.wav").stdout)
    assert (first["model"], first["schema"]) == (classified["model"], classified["schema"])
    assert (first["file"], last["file"]) == ("talks/a.wav", "talks/deep/c.flac")


def test_a_table_of_several_files_has_one_heading(emotiond: Run, talks: Path) -> None:
    lines = emotiond("annotate", "talks/a.wav", "talks/deep/c.flac").stdout.decode().splitlines()
    assert [line.startswith("file,") for line in lines].count(True) == 1
    assert {line.split(",")[0] for line in lines[1:]} == {"talks/a.wav", "talks/deep/c.flac"}


def test_recordings_that_differ_in_their_ending_have_files_of_their_own(
    emotiond: Run, talks: Path, tmp_path: Path
) -> None:
    (talks / "b.wav").unlink()
    (talks / "a.flac").write_bytes((talks / "deep" / "c.flac").read_bytes())
    assert emotiond("annotate", "--out", "out", "talks").returncode == 0
    written = [each.name for each in (tmp_path / "out").rglob("*.csv")]
    assert sorted(written) == ["a.flac.csv", "a.wav.csv", "c.csv"]


def test_an_annotation_that_somebody_may_have_edited_stays(
    emotiond: Run, talks: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    edited = tmp_path / "out" / "a.csv"
    edited.write_text("mine")
    ended = emotiond("annotate", "--out", "out", "talks/a.wav")
    assert (ended.returncode, ended.stdout) == (2, b"")
    assert ended.stderr == (
        b"emotiond: out/a.csv is there already; add --overwrite to replace it\n"
    )
    assert edited.read_text() == "mine"
    assert emotiond("annotate", "--overwrite", "--out", "out", "talks/a.wav").returncode == 0
    assert edited.read_text().startswith("file,tier,")


def test_a_picture_lies_beside_the_annotation(emotiond: Run, talks: Path, tmp_path: Path) -> None:
    ended = emotiond("annotate", "--picture", "--hops", "--out", "out", "talks/a.wav")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert (tmp_path / "out" / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "textgrid", "talks"), "3 recordings need --out FOLDER: a textgrid file"),
        (("--picture", "talks/a.wav"), "--picture needs --out FOLDER"),
        (("--overwrite", "talks/a.wav"), "--overwrite needs --out FOLDER"),
        (("--format", "elan", "talks/a.wav"), "invalid choice: 'elan'"),
        (("talks/b.wav",), "talks/b.wav: is text, not a sound file"),
        (
            ("--out", "out", "talks/a.wav", "talks/../talks/a.wav"),
            "would both be written to out/a.wav.csv",
        ),
    ],
)
def test_mistakes_are_one_sentence(
    emotiond: Run, talks: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = emotiond("annotate", *arguments)
    assert ended.returncode == 2
    assert ended.stderr.count(b"\n") == 1
    assert words in ended.stderr.decode()
