"""What training may use beside clips, as the command line names it."""

import argparse
import pickle
from pathlib import Path

import pytest
import soundfile

from emotiond.errors import InputError
from emotiond_training.commands.options import materials_from


@pytest.fixture
def named(tmp_path: Path) -> argparse.Namespace:
    """Ten recordings of noise and an impulse response."""
    for name in ("halls/1.wav", *(f"noise/rain/{number}.wav" for number in range(10))):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, [0.0, 0.5], 16_000)
    return argparse.Namespace(noise=[tmp_path / "noise"], rir=[tmp_path / "halls"], cache=None)


def test_materials_are_those_that_are_named_and_reach_another_process(named, tmp_path):
    found = materials_from(named, tmp_path / "out")
    assert {each.path for each in found.noises} == set((tmp_path / "noise" / "rain").iterdir())
    assert found.rooms == (tmp_path / "halls",)
    assert found.noise_folders == (tmp_path / "noise",)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301


def test_two_halves_of_the_noises_are_all_of_them(named, tmp_path):
    every = materials_from(named, tmp_path).noises
    halves = [materials_from(named, tmp_path, half).noises for half in (0, 1)]
    assert all(halves)
    assert sorted([*halves[0], *halves[1]]) == sorted(every)


def test_copies_are_kept_in_the_output_unless_a_folder_is_named(named, tmp_path):
    assert materials_from(named, tmp_path / "out").cache == tmp_path / "out" / "copies"
    named.cache = tmp_path / "elsewhere"
    assert materials_from(named, tmp_path / "out").cache == tmp_path / "elsewhere"


def test_rooms_that_are_missing_or_without_recordings_are_one_sentence(named, tmp_path):
    (tmp_path / "empty").mkdir()
    named.rir.append(tmp_path / "empty")
    with pytest.raises(InputError, match="empty: no impulse responses in it"):
        materials_from(named, tmp_path)
    named.rir.append(named.rir.pop() / "missing")
    with pytest.raises(InputError, match="missing: no such folder"):
        materials_from(named, tmp_path)
