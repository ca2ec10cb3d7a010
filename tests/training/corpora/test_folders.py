"""Categories of one's own: a folder for each label, links, and layouts that are refused."""

from pathlib import Path

import pytest

from emotiond.errors import InputError
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.files import files_below
from emotiond_training.corpora.folders import read_folders


def found(clips: list[Clip], folder: Path) -> list[tuple[str, str]]:
    return sorted((clip.label, str(clip.path.relative_to(folder))) for clip in clips)


def test_folders_give_any_labels_of_unknown_speakers_who_may_be_no_voices(touch):
    folder = touch("bored/a.wav", "bored/day1/b.flac", "Über froh/c.ogg", "n.wav", "bored/x.txt")
    clips = read_folders(folder)
    assert found(clips, folder) == [
        ("bored", "bored/a.wav"),
        ("bored", "bored/day1/b.flac"),
        ("Über froh", "Über froh/c.ogg"),
    ]
    assert {(clip.speaker, clip.text, clip.voice) for clip in clips} == {(None, None, False)}


def test_links_to_files_folders_and_categories_are_followed(touch):
    folder = touch("here/happy/a.wav", "there/b.wav", "there/deep/c.wav", "sad/d.wav")
    (folder / "here/happy/link.wav").symlink_to(folder / "there/b.wav")
    (folder / "here/happy/more").symlink_to(folder / "there/deep")
    (folder / "here/sad").symlink_to(folder / "sad")
    assert found(read_folders(folder / "here"), folder) == [
        ("happy", "here/happy/a.wav"),
        ("happy", "here/happy/link.wav"),
        ("happy", "here/happy/more/c.wav"),
        ("sad", "here/sad/d.wav"),
    ]


def test_links_in_circles_end_and_a_recording_keeps_its_own_path(touch):
    folder = touch("happy/deep/a.wav", "sad/b.wav")
    for name, goal in (("up", "."), ("twin", "deep"), ("deep/back", "."), ("root", "..")):
        (folder / "happy" / name).symlink_to(folder / "happy" / goal)
    assert found(read_folders(folder), folder) == [
        ("happy", "happy/deep/a.wav"),
        ("sad", "sad/b.wav"),
    ]
    assert sorted(files_below(folder)) == [folder / "happy/deep/a.wav", folder / "sad/b.wav"]


def test_a_category_that_links_to_its_own_corpus_is_refused(touch):
    folder = touch("happy/a.wav")
    (folder / "sad").symlink_to(folder)
    with pytest.raises(InputError, match=r"sad: links to a folder above it"):
        read_folders(folder)


def test_all_empty_categories_are_named_at_once_and_what_to_convert(touch):
    folder = touch("happy/a.wav", "sad/voice.M4A", "sad/notes.txt", "bored/.hidden.wav")
    (folder / "angry").mkdir()
    with pytest.raises(InputError) as error:
        read_folders(folder)
    names = ", ".join(str(folder / name) for name in ("angry", "bored", "sad"))
    assert str(error.value) == (
        f"{names}: no recordings in these folders "
        "(not readable, convert it: ffmpeg -i X.m4a X.wav); add some, or remove them"
    )


@pytest.mark.parametrize(
    ("names", "parts", "first"),
    [
        (("train", "test"), "test and train", "train"),
        (("Training", "Validation", "docs"), "Training and Validation", "Training"),
        (("test", "val", "dev"), "dev and test and val", "dev"),
        (("test_set", "train_set"), "test_set and train_set", "train_set"),
        (("Audio-Train", "Evaluation"), "Audio-Train and Evaluation", "Audio-Train"),
    ],
)
def test_parts_of_a_divided_corpus_are_no_labels(touch, names, parts, first):
    folder = touch(*(f"{name}/{label}/a.wav" for name in names for label in ("happy", "sad")))
    with pytest.raises(InputError, match=f"{parts} are parts of a divided corpus") as error:
        read_folders(folder)
    assert str(error.value).endswith(f"--corpus {folder / first}")
    assert {clip.label for clip in read_folders(folder / first)} == {"happy", "sad"}


def test_a_train_may_be_a_sound_among_others(touch):
    folder = touch("train/a.wav", "dog/b.wav", "train horn/c.wav", "testy/d.wav")
    assert {clip.label for clip in read_folders(folder)} == {"dog", "testy", "train", "train horn"}


def test_a_category_that_links_to_nothing_is_refused(touch):
    folder = touch("happy/a.wav")
    (folder / "sad").symlink_to(folder / "gone")
    with pytest.raises(InputError, match="sad: links to nothing"):
        read_folders(folder)


def test_recordings_in_no_folder_of_a_label_are_one_sentence(touch):
    with pytest.raises(InputError, match="no folders in it; put the recordings of each label"):
        read_folders(touch("a.wav", ".git/b.wav"))
