"""Arguments that train and evaluate share, and the materials that they name."""

import argparse
import pickle
import re
from pathlib import Path

import pytest
import soundfile

from emotiond.errors import EmotiondError, InputError
from emotiond_training.commands.options import add_shared_arguments, materials_from, working_in
from emotiond_training.corpora.readers import READERS


@pytest.fixture
def named(tmp_path: Path) -> argparse.Namespace:
    """Ten recordings of noise and an impulse response."""
    for name in ("halls/1.wav", *(f"noise/rain/{number}.wav" for number in range(10))):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, [0.0, 0.5], 16_000)
    return argparse.Namespace(
        noise=[tmp_path / "noise"],
        rir=[tmp_path / "halls"],
        cache=None,
        trunk=None,
        skip_broken=False,
    )


def test_named_materials_reach_another_process(named, tmp_path, quiet):
    found = materials_from(named, tmp_path / "out", quiet)
    assert {each.path for each in found.noises} == set((tmp_path / "noise" / "rain").iterdir())
    assert found.rooms == (tmp_path / "halls",)
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301


def test_two_halves_of_the_noises_are_all_of_them(named, tmp_path, quiet):
    every = materials_from(named, tmp_path, quiet).noises
    halves = [materials_from(named, tmp_path, quiet, half).noises for half in (0, 1)]
    assert all(halves)
    assert sorted([*halves[0], *halves[1]]) == sorted(every)


def test_copies_are_kept_in_the_output_unless_a_folder_is_named(named, tmp_path, quiet):
    assert materials_from(named, tmp_path / "out", quiet).cache == tmp_path / "out" / "copies"
    named.cache = tmp_path / "elsewhere"
    assert materials_from(named, tmp_path / "out", quiet).cache == tmp_path / "elsewhere"


def test_rooms_that_are_missing_or_without_recordings_are_one_sentence(named, tmp_path, quiet):
    (tmp_path / "empty").mkdir()
    named.rir.append(tmp_path / "empty")
    with pytest.raises(InputError, match="empty: no impulse responses in it"):
        materials_from(named, tmp_path, quiet)
    named.rir.append(named.rir.pop() / "missing")
    with pytest.raises(InputError, match="missing: no such folder"):
        materials_from(named, tmp_path, quiet)


def test_broken_noises_may_be_skipped_and_broken_rooms_may_not(named, tmp_path, quiet):
    (tmp_path / "noise/rain/3.wav").write_text("no sound")
    with pytest.raises(InputError, match="1 of 10 recordings can't be read"):
        materials_from(named, tmp_path, quiet)
    named.skip_broken = True
    assert len(materials_from(named, tmp_path, quiet).noises) == 9
    for path in (tmp_path / "noise/rain").iterdir():
        path.write_text("no sound")
    with pytest.raises(InputError, match="--noise: none of its recordings can be read"):
        materials_from(named, tmp_path, quiet)
    (tmp_path / "halls/1.wav").write_text("no sound")
    with pytest.raises(InputError, match="1 of 1 recordings can't be read"):
        materials_from(named, tmp_path, quiet)


@pytest.mark.parametrize("text", ["-1", "1.5", "many", str(2**32)])
def test_a_wrong_number_is_refused_with_its_limits(text, capsys):
    parser = argparse.ArgumentParser()
    add_shared_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(["--corpus", ".", "--seed", text])
    expected = f"--seed: must be a whole number from 0 to {2**32 - 1}, not {text!r}"
    assert expected in capsys.readouterr().err


def test_the_help_names_every_reader():
    parser = argparse.ArgumentParser()
    add_shared_arguments(parser)
    words = set(re.findall(r"\w+", parser.format_help()))
    assert set(READERS) <= words


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (OSError(28, "No space left on device"), "out: no space left on device"),
        (MemoryError(), "out of memory; give fewer recordings, or lower batch, copies or windows"),
    ],
)
def test_a_full_disk_and_too_little_memory_are_one_sentence(fault, message):
    with pytest.raises(EmotiondError, match=message), working_in(Path("out")):
        raise fault
