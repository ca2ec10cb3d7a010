"""The choice of a model: fixed for a machine, and named by words or a path."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond.errors import InputError, ModelError
from emotiond.model import choice
from emotiond.model.choice import Machine, chosen, cpu_flags, model_file, shipped, this_machine
from emotiond.paths import LARGE_MODEL, SMALL_MODEL

LITERT, OLD = "ai_edge_litert", "tflite_runtime"
A72 = "fp asimd evtstrm crc32 cpuid"
"""Flags of a Pi 4."""
A76 = "fp asimd evtstrm aes crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp"
"""Flags of a Pi 5."""


@pytest.mark.parametrize(
    ("architecture", "flags", "runtime", "path", "words"),
    [
        ("x86_64", "", LITERT, LARGE_MODEL, "large: this x86_64 processor is fast enough"),
        ("AMD64", "", LITERT, LARGE_MODEL, "large: this AMD64 processor"),
        ("aarch64", A76, LITERT, LARGE_MODEL, "large: this aarch64 processor has dot-product"),
        ("arm64", A76, LITERT, LARGE_MODEL, "large: this arm64 processor has dot-product"),
        ("aarch64", A72, LITERT, SMALL_MODEL, "small: this aarch64 processor has no dot-product"),
        ("aarch64", "", LITERT, SMALL_MODEL, "small: this aarch64 processor has no dot-product"),
        ("armv7l", A76, LITERT, SMALL_MODEL, "small: this armv7l processor is too slow"),
        ("armv6l", "", OLD, SMALL_MODEL, "small: the large one needs ai-edge-litert"),
        ("i686", "", LITERT, SMALL_MODEL, "small: this i686 processor is too slow"),
        ("", "", LITERT, SMALL_MODEL, "small: this processor is too slow"),
        ("x86_64", "", OLD, SMALL_MODEL, "small: the large one needs ai-edge-litert"),
        ("aarch64", A76, OLD, SMALL_MODEL, "small: the large one needs ai-edge-litert"),
    ],
)
def test_each_machine_has_one_model_and_the_reason_is_said(
    architecture: str, flags: str, runtime: str, path: Path, words: str
) -> None:
    found = shipped(Machine(architecture, frozenset(flags.split()), runtime))
    assert found.path == path
    assert found.reason.startswith(words)


def test_without_a_large_model_the_small_one_runs_everywhere() -> None:
    found = shipped(Machine("x86_64", frozenset(), LITERT, has_large=False))
    assert found == (SMALL_MODEL, "small: the large one is not installed")


@given(
    architecture=st.sampled_from(["x86_64", "aarch64", "arm64", "armv7l", "riscv64", ""]),
    flags=st.frozensets(st.sampled_from(A76.split())),
    runtime=st.sampled_from([LITERT, OLD]),
)
def test_the_large_model_runs_only_where_litert_does(
    architecture: str, flags: frozenset[str], runtime: str
) -> None:
    found = shipped(Machine(architecture, flags, runtime))
    assert (found.path, found.reason[:6]) in ((LARGE_MODEL, "large:"), (SMALL_MODEL, "small:"))
    if runtime == OLD:
        assert found.path == SMALL_MODEL


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        (f"processor\t: 0\nFeatures\t: {A72}\n\nFeatures\t: {A72} asimddp\n", A72),
        (f"Features : {A76}\nModel : Raspberry Pi 5\n", A76),
        ("flags : fpu vme\n", ""),
        ("", ""),
        (None, ""),
    ],
    ids=["cores that differ", "Pi 5", "x86", "empty", "missing"],
)
def test_instruction_sets_are_those_that_every_core_has(
    tmp_path: Path, text: str | None, flags: str
) -> None:
    path = tmp_path / "cpuinfo"
    if text is not None:
        path.write_text(text)
    assert cpu_flags(path) == frozenset(flags.split())


def test_a_mac_with_an_arm_processor_has_dot_products(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(choice.sys, "platform", "darwin")
    assert "asimddp" in this_machine().flags


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Put two files in place of the shipped models."""
    found = {word: tmp_path / f"{word}.tflite" for word in ("large", "small")}
    for path in found.values():
        path.write_bytes(b"a model")
    monkeypatch.setattr(choice, "SHIPPED", found)
    monkeypatch.setattr(choice, "LARGE_MODEL", found["large"])
    monkeypatch.setattr(choice, "SMALL_MODEL", found["small"])
    return found


def test_words_name_the_shipped_models_and_all_else_is_a_path(
    files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert model_file("large") == files["large"]
    assert model_file("small") == files["small"]
    assert model_file("auto") == shipped(this_machine()).path
    assert model_file("./large") == Path("large")
    assert model_file(Path("large")) == Path("large")
    assert model_file("~/my.tflite") == Path("/home/me/my.tflite")
    assert chosen("small").reason == "small: so it was set"
    with pytest.raises(InputError, match="there is no user nobody-at-all"):
        model_file("~nobody-at-all/x")


@pytest.mark.parametrize(("word", "other"), [("large", "small"), ("small", "large")])
def test_a_shipped_model_that_is_not_there_is_one_sentence(
    files: dict[str, Path], word: str, other: str
) -> None:
    files[word].unlink()
    assert chosen(word).path == files[word]
    with pytest.raises(ModelError) as caught:
        model_file(word)
    assert str(caught.value) == (
        f"this installation has no {word} model ({files[word]}); choose another: --model {other}"
    )


def test_the_program_takes_words_where_it_takes_a_model(environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "emotiond", "model", "small"],
        env={**environment, "PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.startswith(f"file         {SMALL_MODEL} (".encode())
