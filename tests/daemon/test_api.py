"""The public names: cheap to import, and the same answers as the commands."""

import doctest
import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

import emotiond
from emotiond.errors import SoundError
from emotiond.record import SCHEMA
from emotiond.testing import FakeModel
from tests.conftest import Run
from tests.daemon.sounds import silence

ROOT = Path(__file__).parents[2]
WITH_EXAMPLES = [
    path.relative_to(ROOT / "daemon").with_suffix("")
    for path in sorted((ROOT / "daemon").rglob("*.py"))
    if ">>> " in path.read_text()
]


def test_importing_the_package_loads_nothing_else() -> None:
    code = "import sys; import emotiond; print(sorted(sys.modules.keys() & set(sys.argv[1:])))"
    heavy = ["numpy", "msgspec", "soxr", "soundfile", "emotiond.record", "emotiond.errors"]
    ended = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, check=True)
    assert ended.stdout == b"[]\n"


@pytest.mark.parametrize("name", emotiond.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(emotiond, name) is not None
    assert name in dir(emotiond)


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Listner'"):
        _ = emotiond.Listner


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=str)
def test_examples_in_docstrings_are_true(module: Path) -> None:
    name = ".".join(module.parts).removesuffix(".__init__")
    failed, tried = doctest.testmod(importlib.import_module(name))
    assert (failed, tried > 0) == (0, True)


def test_the_program_of_the_api_page_is_the_one_in_the_folder() -> None:
    program = (ROOT / "examples" / "listen.py").read_text()
    assert f"```python\n{program}```" in (ROOT / "docs" / "API.md").read_text()
    assert len(program.splitlines()) <= 12


def test_examples_of_the_api_page_are_true(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(ROOT / "docs" / "API.md"), module_relative=False)
    assert (failed, tried > 10) == (0, True)


def test_a_file_is_classified_as_the_command_does(emotiond: Run, sample_path: Path) -> None:
    from emotiond import classify, load_model

    verdict = classify(sample_path)
    line = json.loads(emotiond("classify", "--json", sample_path).stdout)
    assert line.pop("file") == str(sample_path)
    assert line.pop("model") == load_model().contract.short_hash
    assert line.pop("schema") == SCHEMA
    assert {name: getattr(verdict, name) for name in line} == line


def test_samples_are_classified_as_their_file(sample_path: Path) -> None:
    sound = soundfile.read(sample_path, dtype="float32")[0]
    from_file = emotiond.classify(sample_path)
    assert emotiond.classify(sound, rate=16_000) == from_file
    as_integers = np.rint(sound * 32768.0).astype(np.int16)
    assert emotiond.classify(as_integers, rate=16_000) == from_file
    assert emotiond.classify(np.stack([sound, sound], axis=1), 16_000) == from_file


@pytest.mark.parametrize(
    ("samples", "rate", "words"),
    [
        (silence(1.0), None, "samples need their sample rate"),
        (np.zeros((2, 2, 2)), 16_000, "one or two dimensions"),
        (np.zeros(4, complex), 16_000, "real numbers"),
        (np.array([0.0, np.nan]), 16_000, "not finite"),
    ],
)
def test_samples_that_are_no_sound_are_refused(
    samples: np.ndarray, rate: int | None, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        emotiond.classify(samples, rate, FakeModel())


def test_a_file_that_is_missing_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="no such file"):
        emotiond.classify(tmp_path / "missing.wav")
