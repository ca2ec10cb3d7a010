"""Counts the instructions of each stage of a hop on the Raspberry Pi's architecture.

    tools/arm64 && python benchmarks/instructions.py

Runs the Debian for arm64 that tools/arm64 has made, under qemu-user with a plugin that counts.
Instructions are not time: how many a Pi executes in a second depends on its caches and memory.
Needs root, and on Debian: apt install qemu-user gcc
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
TREE = Path(os.environ.get("EMOTIOND_ARM64", "/var/cache/emotiond-arm64"))
FEW, MANY = 1, 101
"""Hops in a short and a long run; their difference is free of start-up and imports."""
HIDDEN = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /sys && exec "$@"', "sh")
"""Hides this machine's /sys: XNNPACK reads its cores there and crashes on another architecture."""

GUEST = """
import sys
from itertools import cycle
from pathlib import Path
import numpy as np
from emotiond.paths import SAMPLE_RECORDING
from emotiond.recognition.engine import Engine
from emotiond.recognition.gate import Gate
from emotiond.recognition.settings import GateSettings
from emotiond.features.mfcc import StreamingMfcc
from emotiond.model.runtime import Classifier, load_quietly
from emotiond.audio.files import read_sound

stage, rounds, path = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
model = load_quietly(path)
contract = model.contract
rate = contract.sample_rate
engine = Engine(model, gate=GateSettings(opens_for="sound"))
energy = Gate(GateSettings(), rate, engine.hop, "sound")
sample = read_sound(SAMPLE_RECORDING, rate)
cut = [sample[i : i + engine.hop] for i in range(0, len(sample) - engine.hop, engine.hop)]
hops = cycle([each for each in cut if energy.push(each)])
quiet = np.random.default_rng(0).normal(0.0, 1e-3, engine.hop).astype(np.float32)
detector = Gate(GateSettings(), rate, engine.hop, "speech")
mfcc = StreamingMfcc(contract.mfcc)
window = np.zeros((contract.window_frames, contract.mfcc.n_mfcc), np.float32)
work = {
    "gate, speech": lambda: detector.push(next(hops)),
    "gate, energy alone": lambda: energy.push(quiet),
    "MFCCs": lambda: mfcc.push(next(hops)),
    "inference": lambda: model.run(window),
    "engine, gate open, energy alone": lambda: engine.push(next(hops)),
}[stage]
for _ in range(6 + rounds):  # the first 6 open the gate and load everything
    work()
"""
STAGES = (
    "gate, energy alone",
    "gate, speech",
    "MFCCs",
    "inference",
    "engine, gate open, energy alone",
)


def count(plugin: Path, *arguments: str) -> int:
    """Return the number of instructions that the guest executes for some arguments."""
    project = TREE / "root" / "emotiond"
    packages = next(project.glob(".venv/lib/python3.*/site-packages"))
    python = next((TREE / "usr" / "bin").glob("python3.[0-9]*[0-9]"))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{project / 'daemon'}:{packages}",
        "PYTHONHASHSEED": "0",
        "OPENBLAS_NUM_THREADS": "1",
        "QEMU_LD_PREFIX": str(TREE),
    }
    ended = subprocess.run(
        [*HIDDEN, "qemu-aarch64", "-plugin", str(plugin), str(python), "-c", GUEST, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ended.stderr.splitlines()
    if ended.returncode or not lines or not lines[-1].startswith("instructions: "):
        raise SystemExit(f"instructions: {ended.stderr.strip() or 'the emulation failed'}")
    return int(lines[-1].split()[1])


def instructions(model: Path) -> dict[str, float]:
    """Return stage -> millions of instructions of a hop."""
    with tempfile.TemporaryDirectory() as folder:
        plugin = Path(folder, "count.so")
        source = HERE / "count_instructions.c"
        subprocess.run(["gcc", "-O2", "-fPIC", "-shared", "-o", plugin, source], check=True)
        counts = {}
        for stage in STAGES:
            few, many = (
                min(count(plugin, stage, str(rounds), str(model)) for _ in range(2))
                for rounds in (FEW, MANY)
            )
            counts[stage] = (many - few) / (MANY - FEW) / 1e6
    return counts


def main() -> None:
    """Print the counts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="model file (default: the small one)")
    args = parser.parse_args()
    shipped = HERE.parent / "models" / "emotiond-small.tflite"
    print(json.dumps(instructions((args.model or shipped).resolve()), indent=1))


if __name__ == "__main__":
    main()
