"""The sound files that one file consists of: mostly one, sometimes several behind one another."""

import re
from typing import Final, NamedTuple

from emotiond.audio.containers import CHUNKS, ReadAt, corrected, is_metadata, samples_of
from emotiond.audio.kinds import HEAD_BYTES, frames_of

SLACK_BYTES: Final = 4096
"""More bytes than this behind the promised samples are samples too."""
STRAY_BYTES: Final = 64
"""Up to so many bytes are not worth a word: a line break, or bytes that fill up a block."""
STARTS: Final = (*CHUNKS, b".snd")
"""First bytes of files whose header may need a correction."""
FLAC: Final = b"fLaC\x00\x00\x00\x22"
SEARCH_BYTES: Final = 1 << 20
"""Length of the pieces in which a file is searched."""


class Part(NamedTuple):
    """Bytes that are a sound file of their own."""

    start: int
    end: int
    head: bytes = b""
    """Corrected header; replaces the first bytes."""
    share: float | None = 1.0
    """Length that the header promises / length that is there; None if it promises nothing."""
    frames: int | None = None
    """Samples per channel that the header promises, where ``head`` promises none."""
    endless: bool = False
    """Whether libsndfile must not know the length: it would stop at an estimate made of it."""
    cut: bool = False
    """Whether the end of the last page is missing."""


class Layout(NamedTuple):
    """All that a file holds."""

    parts: tuple[Part, ...]
    """At least one."""
    unread: int
    """Number of bytes behind them that are no sound; 0 if they are not worth a word."""


def layout_of(read_at: ReadAt, length: int) -> Layout:
    """Return the sound files that a file consists of.

    Parameters
    ----------
    read_at : callable
        Reads the file.
    length : int
        Its length (bytes).
    """
    end = _without_tags(read_at, length)
    parts: list[Part] = []
    at = 0
    while at < end and (part := _part(read_at, at, end)):
        parts.append(part)
        at = part.end
    if not parts:
        return Layout((Part(0, end),), 0)  # libsndfile knows more kinds
    unread = end - at
    return Layout(tuple(parts), unread if unread > STRAY_BYTES else 0)


def _part(read_at: ReadAt, start: int, end: int) -> Part | None:
    """Return the sound file that begins at an offset, if its kind is known."""
    at = _after_tags(read_at, start, end)
    magic = read_at(at, len(FLAC))
    if magic == FLAC:
        return _flac(read_at, at, end)
    if magic[:4] == b"OggS":
        return _ogg(read_at, at, end)
    if magic[:4] in STARTS:
        return _wave(read_at, at, end)
    if magic[:7] == b"NIST_1A":
        return _nist(read_at, at, end)
    # A frame of MPEG audio begins with eleven bits that are set; layer 0 is of AAC.
    if len(magic) > 1 and magic[0] == 0xFF and magic[1] & 0xE0 == 0xE0 and magic[1] & 0x06:
        return _mpeg(read_at, at, end)
    if at > start and (frame := _first_frame(read_at, at, end)) is not None:
        return _mpeg(read_at, frame, end)
    return None


def _wave(read_at: ReadAt, start: int, end: int) -> Part:
    """Return a WAV, AIFF, W64, CAF or AU file, its header corrected if it does not fit."""
    samples = samples_of(read_at, start)
    if samples is None or samples.start >= end:
        return Part(start, end)  # libsndfile says what is wrong
    # BW64 is RF64 under another name, which libsndfile does not know.
    magic = b"RF64" if samples.header[:4] == b"BW64" else b""
    there = end - samples.start
    align = samples.chunks.align if samples.chunks else 1
    promised = samples.promised
    if promised is not None and promised <= there:
        stop = samples.start + promised
        filled = stop + -promised % align
        for behind in (stop, filled):
            if read_at(behind, 4) in STARTS:
                return Part(start, behind, magic)
            if is_metadata(read_at, behind, end, samples.chunks):
                return Part(start, end, magic)
        if end - stop <= SLACK_BYTES:
            return Part(start, stop, magic)
    elif promised is None and is_metadata(read_at, samples.start, end, samples.chunks):
        return Part(start, end, magic)
    share = None if promised is None else promised / there
    return Part(start, end, corrected(samples.header, there), share)


def _nist(read_at: ReadAt, start: int, end: int) -> Part:
    """Return a NIST file, whose header gives the number of samples in a line of text."""
    found = re.search(rb"^sample_count -i (\d{1,15})", read_at(start, 1024), re.MULTILINE)
    return Part(start, end, frames=int(found[1]) if found else None)


def _flac(read_at: ReadAt, start: int, end: int) -> Part:
    """Return a FLAC file whose header has no length, so that all of it is read."""
    head = read_at(start, 26)
    frames = int.from_bytes(head[21:], "big") & 0xF_FFFF_FFFF
    head = head[:21] + bytes((head[21] & 0xF0, 0, 0, 0, 0)) if len(head) == 26 else b""
    stop = _find(read_at, FLAC, start + 1, end)
    return Part(start, end if stop is None else stop, head, None, frames or None)


def _ogg(read_at: ReadAt, start: int, end: int) -> Part:
    """Return the first of the Ogg streams that are chained behind one another.

    A chained stream begins with a page that is marked as a beginning, after other pages.
    """
    at, begun = start, False
    while at < end:
        page = read_at(at, 27 + 255)
        if page[:4] != b"OggS":
            found = _find(read_at, b"OggS", at, end)
            if found is None:
                break
            at = found
            continue
        if len(page) < 27:
            return Part(start, end, cut=True)
        begins = bool(page[5] & 2)
        if begins and begun:
            break
        begun = begun or not begins
        after = at + 27 + page[26] + sum(page[27 : 27 + page[26]])
        if after > end:
            return Part(start, end, cut=True)
        at = after
    return Part(start, at)


def _mpeg(read_at: ReadAt, start: int, end: int) -> Part:
    """Return an MP3 file, up to the length that its first frame gives, if it gives one.

    A frame ``Xing`` or ``Info`` has the number of frames and bytes. libsndfile estimates the length
    of a file without it from the bit rate of the first frames, which may be far from right.
    """
    head = read_at(start, HEAD_BYTES)
    mark = max(head.find(b"Xing"), head.find(b"Info"))
    flags, frames, size = (int.from_bytes(head[mark + i : mark + i + 4], "big") for i in (4, 8, 12))
    if mark < 0 or not flags & 1 or not frames:
        return Part(start, end, share=None, endless=True)
    stop = start + size if flags & 2 else end
    more = start + mark < stop < end and (
        end - stop > SLACK_BYTES or frames_of(read_at(_after_tags(read_at, stop, end), HEAD_BYTES))
    )
    return Part(start, stop if more else end)


def _first_frame(read_at: ReadAt, at: int, end: int) -> int | None:
    """Return the offset of the first of two frames of MP3 that follow filling of up to 64 kB."""
    head = read_at(at, min(end - at, 1 << 16))
    found = head.find(b"\xff")
    while found >= 0:
        if frames_of(head[found : found + HEAD_BYTES]) == "MP3":
            return at + found
        found = head.find(b"\xff", found + 1)
    return None


def _after_tags(read_at: ReadAt, at: int, end: int) -> int:
    """Return the offset behind ID3 tags, which begin at an offset if there are any."""
    while len(tag := read_at(at, 10)) == 10:
        if tag[:3] == b"ID3":
            sizes = zip(tag[6:], (21, 14, 7, 0), strict=True)
            size = 10 + sum((byte & 0x7F) << shift for byte, shift in sizes)
            size += 10 if tag[5] & 0x10 else 0
        elif tag[:3] == b"TAG":
            size = 128
        else:
            break
        if at + size >= end:
            break
        at += size
    return at


def _without_tags(read_at: ReadAt, end: int) -> int:
    """Return the end of a file without ID3v1 and APE tags behind the sound."""
    while True:
        foot = read_at(max(0, end - 32), 32)
        if end >= 128 and read_at(end - 128, 3) == b"TAG":
            end -= 128
        elif end >= 32 and foot[:8] == b"APETAGEX":
            size = int.from_bytes(foot[12:16], "little") + (32 if foot[23] & 0x80 else 0)
            if not 32 <= size <= end:
                return end
            end -= size
        else:
            return end


def _find(read_at: ReadAt, wanted: bytes, at: int, end: int) -> int | None:
    """Return the first offset of some bytes."""
    while at < end:
        piece = read_at(at, SEARCH_BYTES)
        found = piece.find(wanted)
        if found >= 0:
            return at + found
        if len(piece) < SEARCH_BYTES:
            return None
        at += SEARCH_BYTES - len(wanted)
    return None
