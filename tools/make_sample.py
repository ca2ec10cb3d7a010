#!/usr/bin/env python3
"""Makes the sample recording that plays where there is no microphone: speech of espeak-ng.

Usage: tools/make_sample.py [OUTPUT]   (needs the Debian package espeak-ng)

The repository must not contain recordings of people, so the voices are synthetic: four sentences at
different pitch, rate and loudness, with pauses of room noise between them. Their words, and their
times for the console's captions, are in emotiond/terminal/sample.py.
"""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

from emotiond.terminal.sample import SENTENCES

RATE = 16_000
OUTPUT = Path(__file__).parents[1] / "daemon" / "emotiond" / "data" / "sample.flac"

# (voice, pitch 0 to 99, rate in words a minute, amplitude 0 to 200) of each sentence
VOICES = (
    ("en+f3", 85, 210, 180),
    ("en+m3", 20, 90, 50),
    ("en+m7", 55, 220, 200),
    ("en+f2", 50, 150, 100),
)
PAUSE_SECONDS = 1.6


def speak(voice: str, pitch: int, rate: int, amplitude: int, sentence: str) -> np.ndarray:
    """Return a spoken sentence as mono samples at RATE."""
    command = ["espeak-ng", "-v", voice, "-p", f"{pitch}", "-s", f"{rate}", "-a", f"{amplitude}"]
    spoken = subprocess.run([*command, "--stdout", sentence], check=True, capture_output=True)
    # The lengths in the header are wrong, since espeak-ng can't seek in a pipe: skip the header.
    samples = np.frombuffer(spoken.stdout[44:], "<i2").astype(np.float32) / 32768.0
    return soxr.resample(samples, soundfile.info(io.BytesIO(spoken.stdout)).samplerate, RATE)


def main() -> None:
    """Write the sample recording."""
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    pause = np.zeros(round(PAUSE_SECONDS * RATE), np.float32)
    pieces = [pause]
    for voice, sentence in zip(VOICES, SENTENCES, strict=True):
        pieces += [speak(*voice, sentence.words), pause]
    sound = np.concatenate(pieces)
    sound += np.random.default_rng(0).normal(0.0, 2e-4, len(sound)).astype(np.float32)
    soundfile.write(output, np.clip(sound, -1.0, 1.0), RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
