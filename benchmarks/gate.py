"""Compares speech gates: missed speech, false openings an hour, and processor time.

    python benchmarks/gate.py --speech corpora/ravdess --noise noise --noise music

A folder may have a manifest.csv with the columns ``path`` and ``category``; noise of a category
that starts with ``babble`` has voices in it and is left out. To compare webrtcvad and pymicro-vad,
install them; the other gates need what the daemon needs.
"""

import argparse
import csv
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from emotiond.audio.files import read_sound
from emotiond.audio.signal import pink
from emotiond.errors import InputError
from emotiond.recognition.gate import Gate
from emotiond.recognition.settings import GateSettings
from emotiond.recognition.vad import VoiceDetector

RATE = 16_000
HOP = 8_192
PAD = 0.5
"""Seconds of digital silence around each recording."""
QUIET_DB = -60.0
"""Level of the generated quiet room: pink noise (dBFS)."""

Detector = Callable[[np.ndarray], bool]
"""A function from the next hop to whether the gate is open."""


def gate() -> Detector:
    """Return the daemon's gate."""
    return Gate(GateSettings(), RATE, HOP, "speech").push


def energy() -> Detector:
    """Return the gate that opens for any sound: energy alone, with a margin of 12 dB."""
    return Gate(GateSettings(margin_db=12.0), RATE, HOP, "sound").push


def silero() -> Detector:
    """Return the gate's voice detector alone; it runs at every hop."""
    detector, settings = VoiceDetector(RATE), GateSettings()

    def push(hop: np.ndarray) -> bool:
        detector.push(hop)
        return detector.probability() > settings.open_above

    return push


def micro() -> Detector:
    """Return microVAD; it is open if the mean probability over a hop is above 0.5."""
    from pymicro_vad import MicroVad

    detector = MicroVad()
    return framed(lambda frame: max(0.0, detector.process_10ms(frame)))


def webrtc() -> Detector:
    """Return WebRTC's detector in its strictest mode; open if over half of a hop is speech."""
    import webrtcvad

    detector = webrtcvad.Vad(3)
    return framed(lambda frame: float(detector.is_speech(frame, RATE)))


def framed(probability: Callable[[bytes], float]) -> Detector:
    """Return a detector that is open if the mean over a hop's 10 ms frames is above 0.5."""

    def push(hop: np.ndarray) -> bool:
        sound = np.rint(np.clip(hop, -1.0, 1.0) * 32_767.0).astype(np.int16)
        frames = [sound[i : i + 160].tobytes() for i in range(0, len(sound) - 159, 160)]
        return bool(np.mean([probability(frame) for frame in frames]) > 0.5)

    return push


GATES = {
    "webrtcvad 3": webrtc,
    "energy": energy,
    "microVAD": micro,
    "Silero": silero,
    "the gate": gate,
}


def recordings(folder: Path, every: int) -> Iterator[tuple[str, Path]]:
    """Yield category and path of every ``every``-th recording of a folder."""
    manifest = folder / "manifest.csv"
    if manifest.is_file():
        with manifest.open(newline="") as file:
            found = [(row["category"], folder / row["path"]) for row in csv.DictReader(file)]
    else:
        kinds = {".wav", ".flac", ".opus", ".ogg", ".mp3"}
        paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in kinds)
        found = [(path.parent.name, path) for path in paths]
    yield from found[::every]


def openings(detector: Detector, sound: np.ndarray) -> np.ndarray:
    """Return for each hop of a padded sound whether the gate is open [shape=(hops,)]."""
    pad = round(PAD * RATE)
    sound = np.pad(sound, (pad, pad + HOP))
    return np.array([detector(sound[i : i + HOP]) for i in range(0, len(sound) - HOP + 1, HOP)])


def measure(name: str, args: argparse.Namespace) -> None:
    """Print the figures of one gate."""
    make = GATES[name]
    quiet = pink(60.0, RATE, QUIET_DB)
    began = time.process_time()
    openings(make(), quiet)
    in_quiet = (time.process_time() - began) / 60.0

    for gain in args.gain:
        missed, total = Counter(), Counter()
        cpu = seconds = open_hops = hops = 0.0
        for folder in args.speech:
            for _, path in recordings(folder, args.every):
                try:
                    sound = read_sound(path, RATE)
                except InputError:
                    continue
                sound = np.clip(sound * np.float32(10 ** (gain / 20)), -1.0, 1.0)
                detector = make()
                began = time.process_time()
                is_open = openings(detector, sound)
                cpu += time.process_time() - began
                seconds += len(sound) / RATE + 2 * PAD
                open_hops += is_open.sum()
                hops += len(is_open)
                total[folder.name] += 1
                missed[folder.name] += not is_open.any()
        if total:
            each = ", ".join(f"{key} {missed[key]}/{total[key]}" for key in total)
            print(
                f"{name}: at {gain:+.0f} dB missed {missed.total()}/{total.total()} ({each}); "
                f"open {open_hops / hops:.0%} of hops; {1000 * cpu / seconds:.1f} ms CPU a second",
                flush=True,
            )

    by_category: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for folder in args.noise:
        for category, path in recordings(folder, 1):
            if category.startswith("babble"):
                continue
            sound = read_sound(path, RATE)
            is_open = openings(make(), sound)
            row = by_category[category]
            row[0] += np.sum(np.diff(is_open.astype(int), prepend=0) == 1)
            row[1] += is_open.sum()
            row[2] += len(sound) / RATE / 3600
    if by_category:
        count, false_hops, hours = np.sum(list(by_category.values()), axis=0)
        worst = sorted(by_category.items(), key=lambda item: -item[1][0])[:8]
        each = ", ".join(f"{key} {row[0]:.0f} in {60 * row[2]:.1f} min" for key, row in worst)
        print(
            f"{name}: {count:.0f} false openings in {hours:.2f} h: {count / hours:.1f} an hour, "
            f"{false_hops:.0f} hops ({each})"
        )
    print(f"{name}: {1000 * in_quiet:.2f} ms CPU a second in a quiet room", flush=True)


def main() -> None:
    """Measure each gate."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument("--noise", type=Path, action="append", default=[], metavar="FOLDER")
    parser.add_argument(
        "--gate", action="append", choices=list(GATES), help="gate to measure (default: all)"
    )
    parser.add_argument(
        "--gain",
        type=float,
        action="append",
        help="gain on the speech (default: 0.0 dB)",
        metavar="DB",
    )
    parser.add_argument(
        "--every",
        type=int,
        default=1,
        help="one speech recording in N is used (default: 1)",
        metavar="N",
    )
    args = parser.parse_args()
    args.gain = args.gain or [0.0]
    for name in args.gate or GATES:
        try:
            measure(name, args)
        except ModuleNotFoundError as error:
            print(f"{name}: not measured, {error.name} is not installed")


if __name__ == "__main__":
    main()
