"""Augmented copies and the batches drawn from them."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from emotiond.errors import EmotiondError, InputError, SoundError
from emotiond.features.mfcc import Mfcc, MfccConfig
from emotiond_training.augmentation.copies import Copies, CopySettings, copies_of
from emotiond_training.augmentation.logmel import LogMel, spectra_of
from emotiond_training.augmentation.mixture import NO_SPEECH, Mixture, MixtureSettings
from emotiond_training.augmentation.spectral import (
    MEL_FLOOR_DB,
    add,
    excerpt,
    mask,
    mean_power,
    place,
    stretch,
    warp,
)
from emotiond_training.augmentation.waveform import AugmentationSettings, Augmenter
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.noises import Noise, half_of, read_noises
from emotiond_training.progress import Reporter
from tests.deadly import Deadly

MFCC = MfccConfig(frame_length=512, hop_length=256, n_mels=16, n_mfcc=16)
QUIET = Reporter(Console(quiet=True))


def tone(hz: float, seconds: float = 0.5) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(16_000 * seconds)) / 16_000)).astype("f4")


@pytest.fixture
def clips(tmp_path: Path) -> list[Clip]:
    """Return two corpora, a large one of one voice and a small one of two."""
    made = []
    for corpus, speaker, count in (("large", "a", 12), ("small", "b", 2), ("small", "c", 2)):
        for number in range(count):
            path = tmp_path / f"{corpus}-{speaker}-{number}.wav"
            soundfile.write(path, tone(200 + 100 * len(made)), 16_000)
            label = ("one", "two")[number % 2]
            made.append(Clip(path, label, f"{corpus}_{speaker}", None, corpus))
    return made


def copies_for(clips: list[Clip], count: int = 2) -> Copies:
    """Copies that carry the number of their clip as their level."""
    frames = np.repeat(np.arange(len(clips)), count * 20).astype(np.float16)
    return Copies(
        np.tile(frames[:, None] - 50, (1, 16)),
        np.arange(len(clips) * count + 1) * 20,
        np.repeat(np.arange(len(clips)), count),
    )


def mixture(clips: list[Clip], train: list[int], noises=None, seed: int = 0, **settings) -> Mixture:
    plain = {
        "weights": {},
        "copies": {},
        "mixup": 0.0,
        "noise_share": 0.0,
        "tempo_share": 0.0,
        "warp_share": 0.0,
    }
    return Mixture(
        MixtureSettings(**{**plain, **settings}),
        clips,
        train,
        copies_for(clips),
        noises or {},
        ("one", "two"),
        24,
        seed,
    )


def test_log_mels_are_the_mfccs_with_their_rotation_undone():
    sound = tone(440)
    expected = Mfcc(MFCC)(np.pad(sound, 256))
    spectrum = LogMel(MFCC)(sound).astype("f4")
    from emotiond.features.mfcc import dct_matrix

    np.testing.assert_allclose(spectrum @ dct_matrix(16).T, expected, atol=1.0)


@pytest.mark.parametrize("rooms", [False, True])
def test_an_augmented_copy_is_decided_by_its_seed_and_is_finite_sound(tmp_path, rooms):
    if rooms:
        response = np.zeros(800, "f4")
        response[[0, 400]] = 1.0, 0.5
        soundfile.write(tmp_path / "room.wav", response, 16_000)
    settings = AugmentationSettings(untouched=0.0, room_share=1.0, pitch_share=0.5, codec_share=0.5)
    augment = Augmenter(settings, 16_000, [tmp_path] if rooms else [])
    sound = tone(300)
    copies = [augment(sound, (1, 2, copy)) for copy in range(6)]
    again = [augment(sound, (1, 2, copy)) for copy in range(6)]
    for one, other in zip(copies, again, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.dtype == np.float32
        assert np.isfinite(one).all()
        assert 0.3 < len(one) / len(sound) < 3.0
    assert not np.array_equal(copies[0], copies[1])


def test_a_copy_of_a_quiet_microphone_has_few_levels_and_no_other_change() -> None:
    settings = AugmentationSettings(
        untouched=0.0,
        speed_share=0.0,
        pitch_share=0.0,
        room_share=0.0,
        equaliser_share=0.0,
        clipping_share=0.0,
        codec_share=0.0,
        rounding_share=1.0,
        rounding_bits=(6, 6),
    )
    sound = tone(300)
    quiet = Augmenter(settings, 16_000, [])(sound, (1, 2, 3))
    # A peak at half of full scale has a quarter of the 64 levels either way, and none.
    assert len(np.unique(quiet)) <= 35
    np.testing.assert_allclose(
        quiet / np.abs(quiet).max(), sound / np.abs(sound).max(), atol=1.0 / 16
    )


def test_copies_are_made_once_and_say_which_clip_they_are_of(clips, tmp_path):
    settings = CopySettings(MFCC, AugmentationSettings(), 1, ())
    counts = [2] * len(clips)
    made = copies_of(clips, counts, settings, tmp_path / "cache", QUIET)
    assert made.clips.tolist() == [index for index in range(len(clips)) for _ in range(2)]
    files = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").rglob("*.npy")}
    again = copies_of(clips, counts, settings, tmp_path / "cache", QUIET)
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "cache").rglob("*.npy")} == files
    np.testing.assert_array_equal(made.spectrum(3), again.spectrum(3))
    other = CopySettings(MFCC, AugmentationSettings(), 2, ())
    changed = copies_of(clips, counts, other, tmp_path / "cache", QUIET)
    assert changed.frames.shape != made.frames.shape or np.any(changed.frames != made.frames)


def test_copies_of_a_recording_that_was_cut_anew_are_made_anew(clips, tmp_path):
    settings = CopySettings(MFCC, AugmentationSettings(untouched=1.0), 1, ())
    first = copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)
    soundfile.write(clips[0].path, tone(200, seconds=0.25), 16_000)
    again = copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)
    assert len(again.frames) < len(first.frames)


def test_a_recording_that_cannot_be_augmented_is_one_sentence(clips, tmp_path):
    clips[1].path.write_text("no sound")
    settings = CopySettings(MFCC, AugmentationSettings(), 1, ())
    with pytest.raises(SoundError, match=f"{clips[1].path.name}: not a sound file"):
        copies_of(clips[:2], [1, 1], settings, tmp_path / "cache", QUIET)


def test_a_process_that_dies_while_it_augments_is_one_sentence(clips, tmp_path, monkeypatch):
    monkeypatch.setattr("emotiond_training.augmentation.copies.cores", lambda: 2)
    settings = CopySettings(MFCC, AugmentationSettings(), 1, (Deadly(),))
    with pytest.raises(EmotiondError, match="a process that augments recordings died"):
        copies_of(clips[:1], [1], settings, tmp_path / "cache", QUIET)


def test_no_copy_of_a_clip_that_is_not_trained_on_is_ever_drawn(clips):
    train = [0, 3, 13]
    drawn = mixture(clips, train, partial_share=0.0)
    assert set(drawn.sources.tolist()) == set(train)
    levels = set()
    for _ in range(40):
        window, _ = drawn._window()
        drawn_levels = window - window.mean(axis=0)  # the colouring is the same in all frames
        levels.add(round(float(np.ptp(drawn_levels))))
    # A window holds a clip's level above silence; each clip has its own.
    assert levels <= {index - 50 + 100 for index in train}
    assert len(levels) == len(train)


def test_corpora_are_drawn_by_weight_and_not_by_their_number_of_clips(clips):
    every = list(range(len(clips)))
    drawn = mixture(clips, every, weights={"small": 3.0, "large": 1.0}, partial_share=0.0)
    # Of four of each copy's frames, none of which noise or tempo changes, the level is the clip's.
    small = 0
    for _ in range(400):
        window, _ = drawn._window()
        small += round(float(np.ptp(window - window.mean(axis=0)))) >= 12 - 50 + 100
    assert 0.67 < small / 400 < 0.83


def test_the_same_seed_draws_the_same_batches(clips):
    noises = {"fan": [np.full((40, 16), -30, "f4")]}
    every = list(range(len(clips)))
    settings = {"mixup": 0.3, "noise_share": 0.5, "tempo_share": 0.5}
    one, other = (mixture(clips, every, noises, seed=7, **settings) for _ in range(2))
    for _ in range(3):
        for left, right in zip(one.batch(8), other.batch(8), strict=True):
            np.testing.assert_array_equal(left, right)


def test_shares_of_labels_add_up_to_one_and_no_speech_comes_last(clips):
    noises = {"fan": [np.full((40, 16), -30, "f4")]}
    drawn = mixture(clips, [0, 1], noises, no_speech_share=0.5, mixup=0.4)
    assert drawn.labels == ("one", "two", NO_SPEECH)
    features, shares = drawn.batch(64)
    assert features.shape == (64, 24, 16)
    assert features.dtype == np.float32
    np.testing.assert_allclose(shares.sum(axis=1), 1.0, rtol=1e-5)
    assert 0.2 < shares[:, -1].mean() < 0.8


def test_a_category_of_the_label_that_noise_has_is_refused(clips):
    settings = MixtureSettings(weights={}, copies={})
    noises = {"fan": [np.full((40, 16), -30, "f4")]}
    with pytest.raises(InputError, match="'no_speech' can't be mixed with noise"):
        Mixture(settings, clips, [0], copies_for(clips), noises, ("one", NO_SPEECH), 24, 0)


def test_without_recordings_of_noise_there_is_no_label_for_no_speech(clips):
    assert mixture(clips, [0, 1], noise_share=1.0).labels == ("one", "two")


@given(
    length=st.integers(1, 60),
    frames=st.integers(1, 40),
    most_cut=st.floats(0, 1),
    seed=st.integers(0, 999),
)
def test_a_placed_clip_is_whole_unless_it_may_be_cut(length, frames, most_cut, seed):
    clip = np.arange(1.0, length + 1)[:, None].astype("f4")
    random = np.random.default_rng(seed)
    window = place(clip, frames, most_cut, random)[:, 0]
    seen = window[window != MEL_FLOOR_DB]
    assert len(window) == frames
    least = min(length, frames) - round(most_cut * min(length, frames))
    assert len(seen) >= least
    if len(seen) > 1:
        assert (np.diff(seen) == 1).all()


@given(st.floats(-80, 40), st.floats(-80, 40))
def test_spectra_add_as_powers(one, other):
    together = add(np.full((1, 1), one, "f4"), np.full((1, 1), other, "f4"))[0, 0]
    assert together == pytest.approx(10 * np.log10(10 ** (one / 10) + 10 ** (other / 10)), abs=0.01)


def test_stretching_keeps_the_ends_and_the_order():
    clip = np.linspace(0, 1, 20)[:, None].astype("f4")
    slow = stretch(clip, 1.5)
    assert len(slow) == 30
    assert (slow[0, 0], slow[-1, 0]) == (0.0, pytest.approx(1.0))
    assert (np.diff(slow[:, 0]) > 0).all()


def test_warping_moves_what_is_high_further_than_what_is_low():
    clip = np.zeros((2, 40), "f4")
    clip[:, [10, 30]] = 1.0
    moved = warp(clip, 0.8)
    assert moved[0].argmax() in (12, 13)
    assert moved[0, 30:].argmax() + 30 in (37, 38)
    np.testing.assert_array_equal(warp(clip, 1.0), clip)


def test_masks_only_blot_out_and_leave_most_to_be_seen():
    random = np.random.default_rng(3)
    for _ in range(50):
        spectrum = random.normal(-40, 10, (60, 32)).astype("f4")
        before = spectrum.copy()
        mask(spectrum, random)
        assert np.mean(spectrum == before) > 0.3


def test_an_excerpt_of_a_short_sound_is_repeated():
    random = np.random.default_rng(0)
    assert excerpt(np.ones((3, 4), "f4"), 10, random).shape == (10, 4)
    assert mean_power(np.full((2, 2), -20.0, "f4")) == pytest.approx(-20.0, abs=1e-3)


def test_noises_come_from_a_manifest_or_from_folders(tmp_path):
    listed, sorted_ = tmp_path / "listed", tmp_path / "sorted"
    (listed).mkdir()
    (sorted_ / "rain").mkdir(parents=True)
    soundfile.write(listed / "a.wav", tone(100), 16_000)
    soundfile.write(sorted_ / "rain" / "b.wav", tone(100), 16_000)
    (listed / "manifest.csv").write_text("path,category\na.wav,fan\n")
    (sorted_ / "LICENSE").write_text("of the recordings")
    noises = read_noises([listed, sorted_])
    assert [noise.category for noise in noises] == ["fan", "rain"]
    spectra = spectra_of(noises, MFCC)
    assert {name: each[0].shape[1] for name, each in spectra.items()} == {"fan": 16, "rain": 16}


def test_a_manifest_without_a_column_is_one_sentence(tmp_path):
    manifest = tmp_path / "manifest.csv"
    manifest.write_text("file,category\na.wav,fan\n")
    with pytest.raises(InputError, match=r"manifest.csv: no column 'path'"):
        read_noises([tmp_path])


def test_pieces_of_one_recording_fall_into_one_half():
    halves = {half_of(Noise(Path(f"{n}-3-0-{k}.wav"), "dog")) for n in range(40) for k in range(2)}
    assert halves == {0, 1}
    for n in range(40):
        assert len({half_of(Noise(Path(f"{n}-3-0-{k}.wav"), "dog")) for k in range(5)}) == 1
