"""``emotiond bench``: CPU time, memory and start-up time on this machine."""

import argparse
import sys
from pathlib import Path

import msgspec

from emotiond.bench.program import Bench, bench
from emotiond.paths import DEFAULT_MODEL


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--model",
        metavar="FILE",
        type=Path,
        default=DEFAULT_MODEL,
        help="model file to measure (default: the shipped one)",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print the figures."""
    if sys.stderr.isatty():
        print("measuring; this takes about a minute", file=sys.stderr)
    figures = bench(args.model)
    print(msgspec.json.encode(figures).decode() if args.json else table(figures))
    return 0


def table(figures: Bench) -> str:
    """Return the figures as a table for people."""
    lines = [
        f"model {figures.model} on {figures.runtime}, {figures.machine}, load {figures.load:.1f}",
        "",
        f"{'CPU time of a hop of ' + format(figures.hop_seconds, 'g') + ' s':<34}{'ms':>8}",
    ]
    lines += [f"  {name:<32}{ms:8.3f}" for name, ms in figures.stages_ms.items()]
    lines += [
        "",
        f"{'the whole loop':<23}{'gate open':>11}{'ms':>8}{'of a core':>11}{'x real time':>13}",
    ]
    lines += [
        f"  {name:<26}{each.open:6.0%}{each.hop_ms:8.2f}{each.core_share:11.2%}"
        f"{each.times_real_time:13,.0f}"
        for name, each in figures.loops.items()
    ]
    start = figures.start
    lines += [
        "",
        f"--help                        {start.help_seconds:8.2f} s",
        f"start to first prediction     {start.first_prediction_seconds:8.2f} s",
        f"peak memory of a replay       {start.peak_megabytes:8.0f} MB",
        "",
    ]
    base = figures.baseline
    if base is None:
        return "\n".join([*lines, "no comparison with librosa: it is not installed"])
    lines += [
        "librosa over the whole window at every hop, same model",
        f"  MFCCs                       {base.mfcc_ms:8.3f} ms, {base.mfcc_ratio:.1f} times ours",
        f"  hop                         {base.hop_ms:8.3f} ms, {base.hop_ratio:.1f} times ours",
        f"  same labels                 {base.same_labels:8.0%}",
        f"  first MFCC                  {base.first_mfcc_seconds:8.2f} s",
        f"  peak memory                 {base.peak_megabytes:8.0f} MB",
    ]
    return "\n".join(lines)
