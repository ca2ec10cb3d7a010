"""A voice profile keeps its examples, in private, and a bad one is refused in one sentence."""

import contextlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import InputError, ModelError, ProfileError
from emotiond.model.output import Output
from emotiond.model.profile import LARGEST, Profile, checked_name, example_of, new_profile
from emotiond.model.profile_file import read_profile, update_profile, write_profile
from emotiond.testing import fake_contract
from tests.daemon.voices import CONTRACT, EMBEDDING, MONDAY, examples, profile_of

LABELS = ["calm", "merry", "calm"]


def test_a_profile_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, profile = tmp_path / "voices.json", profile_of(LABELS, speaker="Zoë")
    write_profile(path, profile)
    found = read_profile(path, CONTRACT)
    assert found == profile
    assert found.hash == profile.hash
    assert [each.label for each in found.examples] == LABELS
    assert found.examples[0].numbers.shape == (5,)


def test_a_profile_and_the_folder_made_for_it_are_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "state" / "voices.json"
    before = os.umask(0)
    try:
        write_profile(path, profile_of(LABELS))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_link_to_a_profile_stays_a_link(tmp_path: Path) -> None:
    path, link = tmp_path / "mine.json", tmp_path / "voices.json"
    link.symlink_to(path)
    write_profile(link, profile_of(LABELS))
    assert link.is_symlink()
    assert read_profile(path, CONTRACT).examples


def test_what_cannot_be_written_leaves_the_old_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, profile = tmp_path / "voices.json", profile_of(LABELS)
    write_profile(path, profile)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ProfileError, match=r"can't be written \(no space left on device\)"):
        write_profile(path, profile.without([profile.examples[0].id]))
    assert read_profile(path, CONTRACT) == profile


def test_the_hash_follows_the_content() -> None:
    profile = profile_of(LABELS)
    assert profile.hash == profile_of(LABELS).hash
    assert profile.hash != profile.without([profile.examples[0].id]).hash
    assert len(profile.hash) == 8


def test_the_same_sound_taught_again_replaces_its_example() -> None:
    profile = profile_of(LABELS)
    first = profile.examples[0]
    again = profile.with_examples([msgspec.structs.replace(first, label="cross")])
    assert len(again.examples) == 3
    assert {each.id: each.label for each in again.examples}[first.id] == "cross"


def test_forgetting_takes_the_named_examples_alone() -> None:
    profile = profile_of(LABELS)
    kept = profile.without([profile.examples[1].id, "unknown"])
    assert [each.label for each in kept.examples] == ["calm", "calm"]


@given(numbers=st.lists(st.floats(-131072, 131072, width=32), min_size=5, max_size=5))
def test_any_embedding_is_kept_as_float16(numbers: list[float]) -> None:
    output = Output(np.zeros(3, np.float32), np.array(numbers, np.float32))
    example = example_of(output, "calm", origin="teach", recording="a", time=MONDAY)
    wanted = np.clip(numbers, -LARGEST, LARGEST)
    np.testing.assert_allclose(example.numbers, wanted, rtol=1e-3, atol=1e-7)
    assert example.time == "2026-02-02T12:00:00Z"


def test_an_example_keeps_the_models_own_logits_of_a_taught_model() -> None:
    output = Output(np.zeros(2, np.float32), np.ones(5, np.float32), np.array([1.0, 2.0, 3.0]))
    example = example_of(output, "calm", origin="correction", recording="a", time=MONDAY)
    assert example.own_logits == (1.0, 2.0, 3.0)


def test_a_model_without_an_embedding_cannot_be_taught(tmp_path: Path) -> None:
    for call in (
        lambda: new_profile(fake_contract()),
        lambda: read_profile(tmp_path / "voices.json", fake_contract()),
        lambda: update_profile(tmp_path / "voices.json", fake_contract(), lambda each: each),
    ):
        with pytest.raises(ModelError, match="can't be taught, since its network has no embedding"):
            call()


def folder(path: Path) -> None:
    path.mkdir()


def missing(path: Path) -> None:
    pass


def text(content: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(content)


def changed(**fields: object) -> Callable[[Path], object]:
    """Return a function that writes a profile with other fields."""

    def write(path: Path) -> None:
        tree = msgspec.to_builtins(profile_of(LABELS))
        path.write_text(json.dumps({**tree, **fields}))

    return write


def changed_example(**fields: object) -> Callable[[Path], object]:
    first, *others = msgspec.to_builtins(profile_of(LABELS))["examples"]
    return changed(examples=[{**first, **fields}, *others])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (missing, "no such file or directory; name another with --profile"),
        (folder, "is a directory; name another with --profile"),
        (text(""), "no voice profile, or damaged"),
        (text("[1]"), "no voice profile, or damaged"),
        (text("\0" * 40), "no voice profile, or damaged"),
        (text("[" * 100_000), "no voice profile, or damaged"),
        (text("{}"), "no voice profile, or damaged .*model.*; delete it and teach again"),
        (changed(version=2), r"of a newer emotiond \(version 2, this one reads 1\); use that"),
        (changed(version="1"), "no voice profile, or damaged"),
        (changed(model="f" * 64), r"another model \(ffffffff, this one is 01234567\); teach this"),
        (changed_example(embedding="AAAA"), r"damaged \(its example \w{8}\)"),
        (changed_example(embedding="/38AAAAAAAAAAA=="), r"damaged \(its example \w{8}\)"),
        (changed_example(own_logits=[1.0]), r"damaged \(its example \w{8}\)"),
        (changed_example(label=""), "no voice profile, or damaged"),
        (changed_example(origin="nowhere"), "no voice profile, or damaged"),
        (changed_example(surprise=1), "no voice profile, or damaged"),
        (changed(examples=2 * [msgspec.to_builtins(profile_of(LABELS).examples[0])]), "damaged"),
    ],
)
def test_a_bad_profile_is_refused_in_one_sentence_that_says_what_to_do(
    tmp_path: Path, make: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "voices.json"
    make(path)
    with pytest.raises(ProfileError, match=f"^profile {path}: .*{message}") as raised:
        read_profile(path, CONTRACT)
    assert "\n" not in str(raised.value)


@given(cut=st.integers(0, 400), flip=st.integers(0, 400), bit=st.integers(0, 7))
def test_a_profile_damaged_anywhere_is_refused_or_still_a_profile(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int, bit: int
) -> None:
    path = tmp_path_factory.mktemp("profile") / "voices.json"
    write_profile(path, profile_of(["calm"]))
    content = bytearray(path.read_bytes())
    content[flip % len(content)] ^= 1 << bit
    path.write_bytes(content[: len(content) - cut % len(content)])
    with contextlib.suppress(ProfileError):
        assert isinstance(read_profile(path, CONTRACT), Profile)


def test_a_profile_is_changed_on_disk_and_made_where_it_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "new" / "voices.json"
    made = update_profile(path, CONTRACT, lambda each: each.with_examples(examples(["calm"])))
    assert read_profile(path, CONTRACT) == made
    emptied = update_profile(path, CONTRACT, lambda each: each.without([made.examples[0].id]))
    assert emptied == read_profile(path, CONTRACT) == new_profile(CONTRACT)


def test_a_change_of_a_bad_profile_leaves_it_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "voices.json"
    path.write_text("not a profile")
    with pytest.raises(ProfileError, match="no voice profile"):
        update_profile(path, CONTRACT, lambda each: each)
    assert path.read_text() == "not a profile"
    with pytest.raises(ProfileError, match="no place for a voice profile"):
        update_profile(path / "voices.json", CONTRACT, lambda each: each)


@pytest.mark.parametrize("text", ["", "  ", "a\nb", "x" * 41, "\x1b[2J", "no_speech"])
def test_a_name_that_nobody_can_read_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="label"):
        checked_name(text, "label")


def test_spaces_around_a_name_are_taken_off() -> None:
    assert checked_name(" the dog ", "label") == "the dog"


def test_another_model_with_an_embedding_starts_a_profile_of_its_own() -> None:
    other = fake_contract(**EMBEDDING, sha256="f" * 64)
    assert new_profile(other).model == "f" * 64
