"""Where the samples of WAV-like files lie, whatever the header says.

The size in a header is often wrong: a recorder that died left none or that of its first piece, a
program that wrote to a pipe could not know it, a transfer broke off. So it is compared with the
file, and corrected for libsndfile.
"""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

ReadAt = Callable[[int, int], bytes]
"""Returns bytes from an offset, of a wanted length; fewer only at the end of the file."""

MOST_CHUNKS: Final = 1000
"""A header of more chunks than this is damaged."""
LONGEST_HEADER: Final = 1 << 24
"""The longest header (bytes) that is read here. libsndfile sees to a longer one."""
WAVES: Final = (b"RIFF", b"RIFX", b"RF64", b"BW64")
METADATA: Final = (
    *(
        b"TAG",
        b"APETAGEX",
        b"LIST",
        b"ID3",
        b"id3 ",
        b"bext",
        b"iXML",
        b"axml",
        b"_PMX",
        b"JUNK",
        b"PAD ",
        b"FLLR",
    ),
    *(b"cue ", b"smpl", b"inst", b"fact", b"PEAK", b"DISP", b"APPL", b"ANNO", b"NAME", b"COMT"),
)
"""First bytes of chunks and tags that follow samples; their end may be missing."""


class Chunks(NamedTuple):
    """How a container spells its chunks: identifier, size, content."""

    first: int
    """Offset of the first chunk."""
    samples: bytes
    """Identifier of the chunk with the samples."""
    size_bytes: int
    """Length of a size."""
    order: Literal["little", "big"]
    """Byte order of a size."""
    align: int = 2
    """The content of a chunk is filled up to a multiple of this."""
    inclusive: bool = False
    """Whether a size counts identifier and size."""

    @property
    def header(self) -> int:
        """Length of identifier and size (bytes)."""
        return len(self.samples) + self.size_bytes

    def chunk(self, read_at: ReadAt, at: int) -> tuple[bytes, int] | None:
        """Return identifier and content length of the chunk at an offset, if there is one."""
        header = read_at(at, self.header)
        if len(header) < self.header:
            return None
        size = int.from_bytes(header[len(self.samples) :], self.order)
        return header[: len(self.samples)], max(0, size - self.inclusive * self.header)

    def next(self, at: int, size: int) -> int:
        """Return the offset of the chunk behind the one at an offset, whose content has a size."""
        return at + self.header + -(-size // self.align) * self.align


_WAVE: Final = Chunks(12, b"data", 4, "little")
_W64: Final = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
CHUNKS: Final = {
    b"RIFF": _WAVE,
    b"RF64": _WAVE,
    b"BW64": _WAVE,
    b"RIFX": _WAVE._replace(order="big"),
    b"FORM": Chunks(12, b"SSND", 4, "big"),
    b"riff": Chunks(40, _W64, 8, "little", align=8, inclusive=True),
    b"caff": Chunks(8, b"data", 8, "big", align=1),
}
"""First bytes of a container -> its spelling. RF64 and BW64 have long sizes in a chunk ``ds64``."""


class Samples(NamedTuple):
    """Where the samples of a container begin, and how many its header promises."""

    start: int
    """Offset of the first sample (bytes)."""
    promised: int | None
    """Length of all (bytes); None if the header does not know."""
    header: bytes
    """All before the first sample."""
    chunks: Chunks | None
    """Spelling of the chunks that may follow; None if none may."""


def samples_of(read_at: ReadAt, start: int = 0) -> Samples | None:
    """Return where the samples of a WAV, AIFF, W64, CAF or AU file are.

    Parameters
    ----------
    read_at : callable
        Reads the file; asked for ever later bytes, and for those before the samples.
    start : int
        Offset of the file's first byte.

    Returns
    -------
    Samples or None
        None if it is no such file, or its header is damaged.
    """
    top = read_at(start, 12)
    if top[:4] == b".snd":
        length, size = int.from_bytes(top[4:8], "big"), int.from_bytes(top[8:], "big")
        return _found(read_at, start, start + length, size, 4, None)
    chunks = CHUNKS.get(top[:4])
    if chunks is None or (chunks.first == 12 and top[8:] not in (b"WAVE", b"AIFF", b"AIFC")):
        return None
    at = start + chunks.first
    for _ in range(MOST_CHUNKS):
        found = chunks.chunk(read_at, at)
        if found is None:
            return None
        identifier, size = found
        if identifier == chunks.samples:
            width = chunks.size_bytes
            if top[:4] in (b"RF64", b"BW64") and size == 0xFFFF_FFFF:
                size, width = int.from_bytes(read_at(start + 28, 8), "little"), 8
            return _found(read_at, start, at + chunks.header, size, width, chunks)
        at = chunks.next(at, size)
        if at - start > LONGEST_HEADER:
            return None
    return None


def _found(
    read_at: ReadAt, start: int, samples: int, size: int, width: int, chunks: Chunks | None
) -> Samples | None:
    """Return the samples at an offset; programs that do not know their size write 0 or the most."""
    if samples - start > LONGEST_HEADER:
        return None
    known = 0 < size < (1 << 8 * width - 1) - 4096
    header = read_at(start, samples - start)
    return Samples(samples, size if known else None, header, chunks)


def corrected(header: bytes, length: int) -> bytes:
    """Return the header of a container with samples of another length (bytes) behind it.

    Where the format has no way to say "up to the end", libsndfile's own are used: it mends an
    unfinished WAV file, of which the two sizes are 8 and 0, and an AIFF chunk that is too short.
    """
    match header[:4]:
        case b".snd":
            return header[:8] + b"\xff\xff\xff\xff" + header[12:]
        case b"FORM":
            return header[:-4] + bytes(4)
        case b"caff":
            return header[:-8] + length.to_bytes(8, "big")
        case b"riff":
            return header[:-8] + (length + CHUNKS[b"riff"].header).to_bytes(8, "little")
        case b"RIFX":
            return b"RIFX" + (8).to_bytes(4, "big") + header[8:-4] + bytes(4)
        case _:
            return b"RIFF" + (8).to_bytes(4, "little") + header[8:-4] + bytes(4)


def is_metadata(read_at: ReadAt, at: int, end: int, chunks: Chunks | None) -> bool:
    """Say whether the bytes between two offsets are chunks, and so no samples."""
    if chunks is None:
        return False
    while at < end:
        found = chunks.chunk(read_at, at)
        if found is None or not found[0][:4].isascii() or not found[0][:4].decode().isprintable():
            return False
        if found[0].startswith(METADATA):
            return True
        at = chunks.next(at, found[1])
    return at <= end + chunks.align
