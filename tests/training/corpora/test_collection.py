"""Corpora joined into one table: what is left out of it, and what is refused."""

import io
import os

import pytest
from rich.console import Console

from emotiond.errors import InputError
from emotiond_training.corpora.collection import read_corpora
from emotiond_training.progress import Reporter


def why(collection) -> dict[str, str]:
    return {each.path.name: each.why for each in collection.left_out}


def test_byte_identical_recordings_are_kept_once_and_counted(touch, quiet):
    folder = touch("03-01-03-01-02-01-07.wav", "03-01-05-01-02-02-07.wav")
    copy = folder / "03-01-03-01-02-02-07.wav"
    copy.write_bytes((folder / "03-01-03-01-02-01-07.wav").read_bytes())
    collection = read_corpora([f"ravdess={folder}"], quiet)
    kept = [clip.path.stem for clip in collection.clips]
    assert kept == ["03-01-03-01-02-01-07", "03-01-05-01-02-02-07"]
    assert why(collection) == {copy.name: "the same recording as another"}


def test_one_recording_under_two_labels_is_refused(touch, quiet):
    folder = touch("happy/a.wav", "sad/b.wav")
    (folder / "sad/c.wav").write_bytes((folder / "happy/a.wav").read_bytes())
    with pytest.raises(InputError, match=r"same recording, but one is 'happy' and the other 'sad'"):
        read_corpora([str(folder)], quiet)


def test_a_plain_folder_is_a_folder_corpus_even_with_an_equals_sign_in_its_name(touch, quiet):
    folder = touch("a=b/happy/a.wav", "a=b/sad/b.wav") / "a=b"
    assert {clip.corpus for clip in read_corpora([str(folder)], quiet).clips} == {"folders"}


def test_corpora_are_joined_into_one_table(touch, quiet):
    folder = touch("t/OAF_back_sad.wav", "r/03-01-02-01-01-01-01.wav")
    clips = read_corpora([f"tess={folder}/t", f"ravdess={folder}/r"], quiet).clips
    assert [(clip.corpus, clip.label) for clip in clips] == [
        ("tess", "sad"),
        ("ravdess", "neutral"),
    ]


def test_two_corpora_in_one_folder_leave_out_only_what_neither_reads(touch, quiet):
    folder = touch("OAF_back_sad.wav", "03-01-02-01-01-01-01.wav", "mine.wav")
    collection = read_corpora([f"tess={folder}", f"ravdess={folder}"], quiet)
    assert len(collection.clips) == 2
    assert {each.path.name for each in collection.left_out} == {"mine.wav"}


def test_every_file_that_is_left_out_has_a_reason(touch, quiet):
    folder = touch(
        "OAF_back_sad.wav",
        "OAF_back_happy.wav",
        "deep/OAF_back_sad.wav",
        "mine.wav",
        "OAF_dog_sad.m4a",
        "README",
        ".DS_Store",
        ".git/OAF_cat_sad.wav",
    )
    touch("OAF_empty_sad.wav", content=b"")
    (folder / "OAF_lost_sad.wav").symlink_to(folder / "nothing")
    collection = read_corpora([f"tess={folder}"], quiet)
    assert [clip.path.name for clip in collection.clips] == [
        "OAF_back_happy.wav",
        "OAF_back_sad.wav",
    ]
    assert {each.corpus for each in collection.left_out} == {"tess"}
    assert why(collection) == {
        "OAF_back_sad.wav": "another recording has its name",
        "mine.wav": "no recording that the corpus would have",
        "OAF_dog_sad.m4a": "not readable, convert it: ffmpeg -i X.m4a X.wav",
        "README": "not sound by its ending (none)",
        ".DS_Store": "hidden",
        ".git": "hidden",
        "OAF_empty_sad.wav": "empty",
        "OAF_lost_sad.wav": "a link to nothing",
    }


def test_recordings_beside_the_folders_of_labels_are_counted(touch, quiet):
    collection = read_corpora([str(touch("happy/a.wav", "sad/b.wav", "c.wav"))], quiet)
    assert why(collection) == {"c.wav": "in no folder of a label"}


def test_all_broken_recordings_are_named_at_once_or_skipped(touch):
    folder = touch("happy/a.wav", "sad/b.wav", "sad/c.wav")
    touch("happy/broken.wav", "sad/broken.mp3", content=b"<html>404</html>")
    console = Console(file=io.StringIO(), width=40)
    with pytest.raises(InputError, match=r"2 of 5 recordings can't be read, .* --skip-broken"):
        read_corpora([str(folder)], Reporter(console))
    checking, *named = console.file.getvalue().splitlines()
    assert checking == "checking recordings: 5"
    assert [line.split(": ")[0] for line in named] == [
        str(folder / "happy/broken.wav"),
        str(folder / "sad/broken.mp3"),
    ]
    # The two are byte-identical and have two labels, which is no matter where they are left out.
    collection = read_corpora([str(folder)], Reporter(console), skip_broken=True)
    assert len(collection.clips) == 3
    assert why(collection) == {"broken.wav": "broken", "broken.mp3": "broken"}


def test_many_recordings_are_checked_by_several_processes(touch, quiet, monkeypatch):
    monkeypatch.setattr("emotiond_training.corpora.broken.FEW", 2)
    monkeypatch.setattr("emotiond_training.corpora.broken.cores", lambda: 2)
    folder = touch("happy/a.wav", "happy/b.wav", "sad/c.wav")
    touch("sad/d.wav", content=b"no sound")
    collection = read_corpora([str(folder)], quiet, skip_broken=True)
    assert why(collection) == {"d.wav": "broken"}


@pytest.mark.parametrize("content", [b"", b"no sound"])
def test_a_label_that_loses_all_its_recordings_is_named(touch, quiet, content):
    folder = touch("happy/a.wav", "sad/b.wav")
    touch("angry/c.wav", content=content)
    with pytest.raises(InputError, match=r"label 'angry': all its recordings are empty or broken"):
        read_corpora([str(folder)], quiet, skip_broken=True)


@pytest.mark.parametrize("label", [b"caf\xe9", b"a\nb", b"a\x1b[31mb", b" ", b"happy ", b"a\x7f"])
def test_a_label_that_cannot_be_written_is_refused(touch, quiet, label):
    folder = touch("happy/a.wav")
    (folder / os.fsdecode(label)).mkdir()
    (folder / os.fsdecode(label) / "b.wav").write_bytes(b"")
    with pytest.raises(InputError, match="can't be written: it must be UTF-8 text") as error:
        read_corpora([str(folder)], quiet)
    assert repr(os.fsdecode(label)) in str(error.value)


def test_an_only_label_that_holds_the_folders_of_labels_says_so(touch, quiet):
    folder = touch("train/happy/a.wav", "train/sad/b.wav")
    with pytest.raises(InputError, match=f"only the label 'train'.*--corpus {folder}/train$"):
        read_corpora([str(folder)], quiet)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nemesis={}", "unknown corpus 'nemesis'; known are ased, cremad, emodb, emogator, emovo"),
        ("tess={}/missing", "no such folder"),
        ("{}/missing", "no such folder"),
        ("table={}/missing.csv", "no such table or folder"),
        ("tess={}", "holds no recording that the corpus 'tess' would have"),
        ("{}", "only the label 'happy'; training needs two$"),
    ],
)
def test_corpora_that_cannot_be_used_are_one_sentence_of_error(touch, quiet, spec, message):
    folder = touch("happy/a.wav", "happy/b.wav")
    with pytest.raises(InputError, match=message) as error:
        read_corpora([spec.format(folder)], quiet)
    assert "\n" not in str(error.value)
