"""What a file is by its first bytes, and what to say where it can't be read."""

import shlex
from typing import Final

HEAD_BYTES: Final = 4096
"""So many first bytes tell kinds apart."""
WEB_PAGE: Final = "a web page, not a sound file; download the recording again"

READABLE: Final = {
    (0, b"RIFF"): "WAV",
    (0, b"ID3"): "MP3",
    (0, b"fLaC"): "FLAC",
    (0, b"OggS"): "Ogg",
    (0, b"FORM"): "AIFF",
    (0, b"caff"): "CAF",
    (0, b".snd"): "AU",
    (0, b"riff"): "W64",
    (0, b"NIST_1A"): "NIST",
    (0, b"Creative Voice File"): "VOC",
}
"""Offset and bytes there -> name of a container that is read from files, though not from pipes."""
FOREIGN: Final = {
    (4, b"ftyp"): "m4a",
    (0, b"\x1a\x45\xdf\xa3"): "webm",
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"): "wma",
    (8, b"AVI "): "AVI",
    (0, b"#!AMR"): "AMR",
    (0, b"#!SILK"): "SILK",
    (1, b"#!SILK"): "SILK",
    (0, b"MAC "): "Monkey's Audio",
    (0, b"wvpk"): "WavPack",
    (0, b"TTA1"): "TTA",
    (0, b"MPCK"): "Musepack",
    (0, b"MP+"): "Musepack",
    (0, b"DSD "): "DSD",
    (0, b"FRM8"): "DSD",
    (0, b".RMF"): "RealMedia",
    (0, b"FLV\x01"): "FLV",
    (0, b"ADIF"): "AAC",
    (28, b"Speex   "): "Speex",
    (28, b"\x7fFLAC"): "FLAC in Ogg",
}
"""Offset and bytes there -> name of sound that only other programs read."""
NO_SOUND: Final = {
    (0, b"version https://git-lfs"): "a git-lfs pointer, not the recording; fetch it: git lfs pull",
    (0, b"<!DOCTYPE"): WEB_PAGE,
    (0, b"<!doctype"): WEB_PAGE,
    (0, b"<html"): WEB_PAGE,
    (0, b"<HTML"): WEB_PAGE,
    (0, b"<?xml"): "XML, not a sound file",
    (0, b"%PDF"): "a PDF document, not a sound file",
    (0, b"\x89PNG"): "a picture, not a sound file",
    (0, b"\xff\xd8\xff"): "a picture, not a sound file",
    (0, b"GIF8"): "a picture, not a sound file",
    (0, b"MThd"): "a MIDI file, which has notes and no sound",
    (0, b"PK\x03\x04"): "a zip archive; unpack it",
    (0, b"7z\xbc\xaf"): "a 7z archive; unpack it",
    (0, b"Rar!"): "a rar archive; unpack it",
    (257, b"ustar"): "a tar archive; unpack it",
    (0, b"\x1f\x8b\x08"): "compressed; unpack it: gunzip",
    (0, b"BZh"): "compressed; unpack it: bunzip2",
    (0, b"\xfd7zXZ"): "compressed; unpack it: unxz",
    (0, b"\x28\xb5\x2f\xfd"): "compressed; unpack it: unzstd",
}
"""Offset and bytes there -> what the file is instead of sound."""
HEADERLESS: Final = (".raw", ".pcm", ".s16", ".s16le", ".sln")
"""Endings of files that are samples without a header."""

_KBITS: Final = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
"""Bit rates of layer III (kbit/s) by their index: of MPEG 1, of MPEG 2 and 2.5."""
_RATES: Final = {
    3: (44_100, 48_000, 32_000),
    2: (22_050, 24_000, 16_000),
    0: (11_025, 12_000, 8_000),
}
"""Sample rates (Hz) by their index, for each version of MPEG."""


def name_of(head: bytes, *tables: dict[tuple[int, bytes], str]) -> str | None:
    """Return the name that tables give to what begins with some bytes."""
    for table in tables:
        for (offset, magic), name in table.items():
            if head.startswith(magic, offset):
                return name
    return None


def name_of_any(head: bytes) -> str | None:
    """Return what begins with some bytes, be it sound or not, if a table has it."""
    return name_of(head, READABLE, FOREIGN, NO_SOUND)


def is_frame(head: bytes) -> bool:
    """Say whether some bytes may begin with a frame of MP3 or AAC."""
    return _frame(head)[1] is not None


def frames_of(head: bytes) -> str | None:
    """Return ``MP3`` or ``AAC`` if bytes begin with two frames of it; neither has a container."""
    length, name = _frame(head)
    return name if length and _frame(head[length:])[1] == name else None


def _frame(head: bytes) -> tuple[int, str | None]:
    """Return length and name of the frame at the beginning of some bytes, or 0 and None."""
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0, None
    if head[1] & 0xF6 == 0xF0:
        return (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5, "AAC"
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    kbits, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer != 1 or kbits in (0, 15) or rate == 3:
        return 0, None
    samples = 1152 if version == 3 else 576
    bits = 1000 * _KBITS[version != 3][kbits]
    return samples // 8 * bits // _RATES[version][rate] + padding, "MP3"


def complaint(head: bytes, name: str, words: str) -> str:
    """Return what is wrong with a file that libsndfile refuses, and what to do.

    Parameters
    ----------
    head : bytes
        Its first bytes.
    name : str
        Its name, fit to be printed.
    words : str
        The reason of libsndfile.
    """
    convert = f"convert it: ffmpeg -i {shlex.quote(name)} {shlex.quote(name + '.wav')}"
    if not head:
        return "is empty"
    if what := name_of(head, NO_SOUND):
        return f"is {what}"
    if what := name_of(head, FOREIGN) or ("AAC" if frames_of(head) == "AAC" else None):
        return f"{what} can't be read; {convert}"
    if name.lower().endswith(HEADERLESS):
        how = "ffmpeg -f s16le -ar 16000 -ac 1 -i"
        return "has no header that says what its samples are; " + convert.replace("ffmpeg -i", how)
    if text := _text(head):
        kinds = {"<": WEB_PAGE, "{": "JSON, not a sound file", "[": "JSON, not a sound file"}
        return f"is {kinds.get(text[0], 'text, not a sound file')}"
    if name_of(head, READABLE):
        return f"not a sound file that can be read ({words}); {convert}"
    return f"not a sound file that can be read ({words})"


def _text(head: bytes) -> str:
    """Return the text that some bytes are, or nothing if they are none."""
    coding = "utf-16" if head[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = head.decode(coding, errors="ignore").strip()
    # The last character may be cut.
    whole = len(text.encode(coding)) >= len(head.strip()) - 4
    return text if whole and all(c.isprintable() or c.isspace() for c in text) else ""
