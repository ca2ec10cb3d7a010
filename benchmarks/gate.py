"""Compares speech gates: speech that they miss, false openings an hour, and what they cost.

    python benchmarks/gate.py --speech corpora/ravdess --noise noise --noise music

Each folder may have a manifest.csv with columns ``path`` and ``category``; categories that start
with ``babble`` hold voices and are left out of the noise. Needs only what the daemon needs, and
webrtcvad and pymicro-vad where they are to be compared.
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
"""Of the generated quiet room, pink."""

Detector = Callable[[np.ndarray], bool]
"""From one hop to whether the gate is open."""


def gate() -> Detector:
    """Return the daemon's gate."""
    return Gate(GateSettings(), RATE, HOP, "speech").push


def energy() -> Detector:
    """Return the gate of models that open for any sound, with the margin that suits it alone."""
    return Gate(GateSettings(margin_db=12.0), RATE, HOP, "sound").push


def silero() -> Detector:
    """Return the gate's detector alone, asked at each hop."""
    detector, settings = VoiceDetector(RATE), GateSettings()

    def push(hop: np.ndarray) -> bool:
        detector.hear(hop)
        return detector.probability() > settings.open_above

    return push


def micro() -> Detector:
    """Return microVAD, open when the mean over a hop is over a half."""
    from pymicro_vad import MicroVad

    detector = MicroVad()
    return framed(lambda frame: max(0.0, detector.process_10ms(frame)))


def webrtc() -> Detector:
    """Return WebRTC's detector in its strictest mode, open when it says yes to half of a hop."""
    import webrtcvad

    detector = webrtcvad.Vad(3)
    return framed(lambda frame: float(detector.is_speech(frame, RATE)))


def framed(probability: Callable[[bytes], float]) -> Detector:
    """Return a detector that hears frames of 10 ms and says yes where their mean is over a half."""

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
    """Yield category and path of a folder's recordings."""
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
    """Return whether the gate is open [shape=(hops,)] over a padded sound."""
    pad = round(PAD * RATE)
    sound = np.pad(sound, (pad, pad + HOP))
    return np.array([detector(sound[i : i + HOP]) for i in range(0, len(sound) - HOP + 1, HOP)])


def measure(name: str, args: argparse.Namespace) -> None:
    """Print a gate's figures."""
    make = GATES[name]
    quiet = pink(60.0, RATE, QUIET_DB)
    began = time.process_time()
    openings(make(), quiet)
    in_quiet = (time.process_time() - began) / 60.0

    for gain in args.gain:
        missed, total = Counter(), Counter()
        cpu = heard = open_hops = hops = 0.0
        for folder in args.speech:
            for _, path in recordings(folder, args.every):
                try:
                    sound = read_sound(path, RATE)
                except InputError:
                    continue
                sound = np.clip(sound * np.float32(10 ** (gain / 20)), -1.0, 1.0)
                detector = make()
                began = time.process_time()
                said = openings(detector, sound)
                cpu += time.process_time() - began
                heard += len(sound) / RATE + 2 * PAD
                open_hops += said.sum()
                hops += len(said)
                total[folder.name] += 1
                missed[folder.name] += not said.any()
        if total:
            each = ", ".join(f"{key} {missed[key]}/{total[key]}" for key in total)
            print(
                f"{name}: at {gain:+.0f} dB missed {missed.total()}/{total.total()} ({each}); "
                f"open {open_hops / hops:.0%} of hops; {1000 * cpu / heard:.1f} ms CPU a second",
                flush=True,
            )

    by_category: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for folder in args.noise:
        for category, path in recordings(folder, 1):
            if category.startswith("babble"):
                continue
            sound = read_sound(path, RATE)
            said = openings(make(), sound)
            row = by_category[category]
            row[0] += np.sum(np.diff(said.astype(int), prepend=0) == 1)
            row[1] += said.sum()
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
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--speech", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--noise", type=Path, action="append", default=[], metavar="DIR")
    parser.add_argument("--gate", action="append", choices=list(GATES), help="default: all")
    parser.add_argument("--gain", type=float, action="append", help="dB on the speech")
    parser.add_argument("--every", type=int, default=1, help="take one speech recording in N")
    args = parser.parse_args()
    args.gain = args.gain or [0.0]
    for name in args.gate or GATES:
        try:
            measure(name, args)
        except ModuleNotFoundError as error:
            print(f"{name}: not measured, {error.name} is not installed")


if __name__ == "__main__":
    main()
