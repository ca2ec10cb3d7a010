"""Augmented recordings depend on their seed and stay valid sound."""

import numpy as np
import pytest
import soundfile

from emotiond_training.augmentation.waveform import AugmentationSettings, Augmenter
from tests.training.augmentation.sounds import tone


@pytest.mark.parametrize("rooms", [False, True])
def test_an_augmented_copy_depends_on_its_seed_and_is_finite(tmp_path, rooms):
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


def test_a_copy_with_six_bits_has_few_levels_and_no_other_change() -> None:
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
    # Six bits have 64 levels; a peak of 0.5 uses half of them, and zero.
    assert len(np.unique(quiet)) <= 35
    np.testing.assert_allclose(
        quiet / np.abs(quiet).max(), sound / np.abs(sound).max(), atol=1.0 / 16
    )
