"""The model file: it is read as it was written, and a bad file is refused in one sentence."""

import hashlib
import io
import json
import re
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiond.errors import ModelError
from emotiond.features.mfcc import MfccConfig
from emotiond.model import file
from emotiond.model.contract import Contract, Normalisation, Outputs
from emotiond.model.file import check_shapes, read_contract, read_model, write_model
from emotiond.testing import fake_contract

# An empty root table with its vtable, then bytes in place of a network.
BODY = b"\x0c\x00\x00\x00TFL3\x04\x00\x04\x00\x04\x00\x00\x00" + bytes(range(256)) * 4


def refusal(path: Path) -> str:
    """Return the sentence that refuses a file."""
    with pytest.raises(ModelError) as caught:
        read_contract(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message.replace(str(path), "FILE")


def canonical(tree: dict) -> bytes:
    """Return the text of a contract over which its hash is."""
    rest = {name: value for name, value in tree.items() if name != "sha256"}
    return json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def first_version(tree: dict) -> None:
    """Turn a contract into one of version 1, as it was written then."""
    del tree["outputs"], tree["embedding_size"]
    tree.update(version=1, sha256=hashlib.sha256(BODY).hexdigest())


def with_contract(path: Path, change: Callable[[dict], object]) -> Path:
    """Write a model file with a contract whose JSON was changed, and its hash unless that was."""
    tree = json.loads(msgspec.json.encode(fake_contract()))
    tree["sha256"] = ""
    changed = change(tree)
    if tree.get("sha256") == "":
        tree["sha256"] = hashlib.sha256(BODY + canonical(tree)).hexdigest()
    text = json.dumps(tree) if changed is None else changed
    tail = io.BytesIO()
    with zipfile.ZipFile(tail, "w") as archive:
        archive.writestr("emotiond.json", text)
    path.write_bytes(BODY + tail.getvalue())
    return path


@given(
    labels=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, unique=True),
    n_mfcc=st.integers(1, 20),
    temperature=st.floats(0.01, 100.0),
    abstain_below=st.floats(0.0, 1.0),
    window_frames=st.integers(1, 10_000),
    embedding_size=st.none() | st.integers(1, 10_000),
    body=st.binary(max_size=200),
)
def test_a_contract_is_read_as_it_was_written(
    tmp_path: Path,
    labels: list[str],
    n_mfcc: int,
    temperature: float,
    abstain_below: float,
    window_frames: int,
    embedding_size: int | None,
    body: bytes,
) -> None:
    flatbuffer = BODY[:32] + body
    contract = fake_contract(
        labels=tuple(labels),
        mfcc=MfccConfig(n_mels=20, n_mfcc=n_mfcc),
        normalisation=Normalisation((0.5,) * n_mfcc, (2.0,) * n_mfcc),
        temperature=temperature,
        abstain_below=abstain_below,
        window_frames=window_frames,
        outputs=Outputs("logits", None if embedding_size is None else "embedding"),
        embedding_size=embedding_size,
    )
    path = tmp_path / "model.tflite"
    written = write_model(path, flatbuffer, contract)
    text = canonical(json.loads(msgspec.json.encode(written)))
    assert written.sha256 == hashlib.sha256(flatbuffer + text).hexdigest()
    assert written.short_hash == written.sha256[:8]
    assert msgspec.structs.replace(written, sha256=contract.sha256) == contract
    assert read_contract(path) == written
    assert path.read_bytes().startswith(flatbuffer)


def test_the_same_model_gives_the_same_file(tmp_path: Path) -> None:
    for name in ("one", "other"):
        write_model(tmp_path / name, BODY, fake_contract())
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_writing_a_model_again_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    write_model(path, BODY * 2, fake_contract())
    contract = write_model(path, BODY, fake_contract(labels=("one", "other")))
    assert read_contract(path) == contract
    assert list(tmp_path.iterdir()) == [path]


def test_writing_to_a_link_replaces_the_file_and_keeps_the_link(tmp_path: Path) -> None:
    link, path = tmp_path / "link", tmp_path / "model.tflite"
    link.symlink_to(path)
    contract = write_model(link, BODY, fake_contract())
    assert link.is_symlink()
    assert read_contract(path) == read_contract(link) == contract


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "no such file"),
        (b"", "not a TFLite file"),
        (b"TFL3", "not a TFLite file"),
        (b"just some text, no model at all\n" * 10, "not a TFLite file"),
        (BODY, "no emotiond.json inside"),
        (BODY + b"PK\x05\x06" + bytes(18), "no emotiond.json inside"),
    ],
    ids=["missing", "empty", "tiny", "text", "no contract", "empty zip"],
)
def test_a_file_without_a_model_is_refused(
    tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "model.tflite"
    if content is not None:
        path.write_bytes(content)
    assert words in refusal(path)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "directory" in refusal(tmp_path)


def _drop(key: str) -> Callable[[dict], object]:
    return lambda tree: tree.__delitem__(key)


REFUSALS: dict[str, tuple[Callable[[dict], object], str]] = {
    "older version": (lambda t: t.update(version=0), "contract version 0, .* versions 1 to 2"),
    "newer version": (lambda t: t.update(version=3), "contract version 3, .* versions 1 to 2"),
    "version 1 with later fields": (lambda t: t.update(version=1), "no field embedding_size"),
    "a size and no embedding": (lambda t: t.update(embedding_size=3), "need each other"),
    "an embedding and no size": (
        lambda t: t.update(outputs={"logits": "a", "embedding": "b"}),
        "need each other",
    ),
    "an embedding of no numbers": (
        lambda t: t.update(outputs={"logits": "a", "embedding": "b"}, embedding_size=0),
        "embedding_size",
    ),
    "two outputs of one name": (
        lambda t: t.update(outputs={"logits": "a", "embedding": "a"}, embedding_size=3),
        "same name",
    ),
    "an output too many": (lambda t: t.update(outputs={"logits": "a", "x": "b"}), "`x`"),
    "newer version with new fields": (lambda t: t.update(version=9, x=1), "contract version 9"),
    "version of words": (lambda t: t.update(version="one"), "contract version one"),
    "no version": (_drop("version"), "contract version None"),
    "wrong hash": (lambda t: t.update(sha256="0" * 64), "damaged"),
    "no hash": (_drop("sha256"), "damaged"),
    "unknown field": (lambda t: t.update(colour="red"), "colour"),
    "unknown feature setting": (lambda t: t["mfcc"].update(lifter=22), "lifter"),
    "missing field": (_drop("temperature"), "temperature"),
    "a contradiction": (lambda t: t.update(labels=["a", "b", "a"]), "a label occurs twice"),
    "labels that are numbers": (lambda t: t.update(labels=[1, 2]), "labels"),
    "impossible features": (lambda t: t["mfcc"].update(hop_length=0), "hop_length"),
    "wrong type": (lambda t: t.update(window_frames="many"), "window_frames"),
    "no object": (lambda _: "[1, 2]", "bad contract"),
    "no JSON": (lambda _: "{version: 1", "bad contract"),
    "empty contract": (lambda _: "", "bad contract"),
    "brackets in brackets": (lambda _: '{"version":' + "[" * 100_000, "bad contract"),
    "not UTF-8": (lambda _: b'{"version": 1, "labels": ["\xff"]}', "bad contract"),
    "version not UTF-8": (lambda _: b'{"version": "\xff"}', "bad contract"),
}


@pytest.mark.parametrize(("change", "words"), REFUSALS.values(), ids=REFUSALS)
def test_a_bad_contract_is_refused(
    tmp_path: Path, change: Callable[[dict], object], words: str
) -> None:
    assert re.search(words, refusal(with_contract(tmp_path / "model.tflite", change)))


def test_an_unchanged_contract_is_accepted(tmp_path: Path) -> None:
    path = with_contract(tmp_path / "model.tflite", lambda _: None)
    assert isinstance(read_contract(path), Contract)


@pytest.mark.parametrize("change", [{"temperature": 1.25}, {"labels": ["a", "b", "c"]}])
def test_a_contract_that_was_changed_by_hand_is_damaged(tmp_path: Path, change: dict) -> None:
    path = tmp_path / "model.tflite"
    tree = json.loads(msgspec.json.encode(write_model(path, BODY, fake_contract())))
    assert "damaged" in refusal(with_contract(path, lambda t: t.update(tree | change)))


def test_two_calibrations_of_a_network_are_two_models(tmp_path: Path) -> None:
    one, other = (
        write_model(tmp_path / "model.tflite", BODY, fake_contract(temperature=each))
        for each in (1.0, 1.5)
    )
    assert one.short_hash != other.short_hash


def test_a_file_of_version_1_is_read_and_becomes_version_2_when_it_is_written(
    tmp_path: Path,
) -> None:
    path = with_contract(tmp_path / "model.tflite", first_version)
    old = read_contract(path)
    assert (old.version, old.outputs, old.embedding_size) == (1, None, None)
    assert old.sha256 == hashlib.sha256(BODY).hexdigest()
    new = write_model(path, BODY, old)
    assert (new.version, new.outputs, new.embedding_size) == (2, None, None)
    assert new.short_hash != old.short_hash
    assert read_contract(path) == new


@settings(max_examples=100)
@given(data=st.data())
def test_a_truncated_file_is_refused(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "model.tflite"
    write_model(path, BODY, fake_contract())
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    refusal(path)


@settings(max_examples=300)
@given(data=st.data())
def test_a_flipped_bit_is_refused_or_has_no_effect(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "model.tflite"
    contract = write_model(path, BODY, fake_contract())
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(content)
    try:
        assert read_contract(path) == contract
    except ModelError:
        refusal(path)


def test_a_changed_byte_of_the_network_or_the_contract_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    write_model(path, BODY, fake_contract())
    content = path.read_bytes()
    start = content.index(b'{\n "version"')
    text_end = content.index(b"PK\x01\x02")
    for i in [*range(4, len(BODY), 37), *range(start, text_end, 29)]:
        changed = bytearray(content)
        changed[i] ^= 0x20
        path.write_bytes(changed)
        refusal(path)


@pytest.mark.parametrize(
    ("inputs", "outputs", "words"),
    [
        ([1, 20, 8], {"a": [1, 3], "b": [1, 5]}, None),
        ([1, 20, 8], {"a": [1, 3]}, None),
        (
            [1, 21, 8],
            {"a": [1, 3]},
            "its input has shape [1, 21, 8], its contract says [1, 20, 8]",
        ),
        ([1, 20, 9], {"a": [1, 3]}, "its input has shape [1, 20, 9]"),
        ([1, 20, 8, 1], {"a": [1, 3]}, "its input has shape [1, 20, 8, 1]"),
        ([2, 20, 8], {"a": [1, 3]}, "its input has shape [2, 20, 8]"),
        ([1, 20, 8], {"a": [1, 4]}, "its a has shape [1, 4], its contract says [1, 3]"),
        ([1, 20, 8], {"a": [3]}, "its a has shape [3]"),
        (
            [1, 20, 8],
            {"a": [1, 3], "b": [1, 6]},
            "its b has shape [1, 6], its contract says [1, 5]",
        ),
    ],
)
def test_shapes_that_disagree_with_the_contract_are_refused(
    inputs: list[int], outputs: dict[str, list[int]], words: str | None
) -> None:
    contract = fake_contract(outputs=Outputs("a", "b"), embedding_size=5)
    if words is None:
        check_shapes(Path("FILE"), contract, inputs, outputs)
        return
    with pytest.raises(ModelError, match=re.escape(f"model FILE: {words}")):
        check_shapes(Path("FILE"), contract, inputs, outputs)


def test_the_network_is_held_in_memory_once(tmp_path: Path) -> None:
    path, megabyte = tmp_path / "large.tflite", 1_000_000
    write_model(path, BODY + bytes(8 * megabyte), fake_contract())
    tracemalloc.start()
    try:
        _, flatbuffer = read_model(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 8 * megabyte < len(flatbuffer) < peak < 9 * megabyte


def test_a_file_without_end_is_refused() -> None:
    assert refusal(Path("/dev/zero")) == "model FILE: not a TFLite file"


def test_the_shipped_model_is_accepted(model_path: Path, flatbuffer: bytes) -> None:
    contract, network = read_model(model_path)
    assert network == flatbuffer
    assert len(contract.sha256) == 64


@pytest.mark.parametrize(
    ("flatbuffer", "is_whole"),
    [
        (BODY, True),
        # The vtable is the last thing in the file, and just fits.
        (b"\x08\x00\x00\x00TFL3\xfc\xff\xff\xff\x04\x00\x04\x00", True),
        (b"\x08\x00\x00\x00TFL3\xfc\xff\xff\xff\x05\x00\x04\x00", False),
        (b"\x08\x00\x00\x00TFL3\xfc\xff\xff\xff\x03\x00\x04\x00", False),
        # The vtable would begin before the file, or at its beginning.
        (b"\x08\x00\x00\x00TFL3\x09\x00\x00\x00" + bytes(8), False),
        (b"\x08\x00\x00\x00TFL3\x08\x00\x00\x00" + bytes(8), True),
        # The root table lies behind the end.
        (b"\xff\x00\x00\x00TFL3" + bytes(8), False),
    ],
)
def test_a_root_table_must_lie_inside_the_file(flatbuffer: bytes, is_whole: bool) -> None:
    assert file._has_root(flatbuffer) is is_whole
