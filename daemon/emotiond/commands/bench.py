"""``emotiond bench``: CPU time, memory and start-up time on this machine."""

import argparse
import sys
from collections.abc import Sequence

import msgspec

from emotiond.bench.program import Bench, bench
from emotiond.model.choice import AUTO, SHIPPED, model_file
from emotiond.model.voices import NONE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object for each model, one a line"
    )
    parser.add_argument(
        "--model",
        metavar="FILE",
        help="model to measure: small, large, a file, or auto (default: auto, and the other "
        "one beside it if it is installed)",
    )

    parser.add_argument(
        "--profile",
        metavar="FILE",
        help="voice profile of the first model: a file, or none (default: voices.json in the state "
        "folder, if it is there and of the model)",
    )


def run(args: argparse.Namespace) -> int:
    """Measure and print the figures: of one model, or of the chosen one and the other."""
    paths = [model_file(args.model or AUTO)]
    if args.model is None:
        paths += [each for each in SHIPPED.values() if each not in paths and each.exists()]
    if sys.stderr.isatty():
        print(f"measuring; this takes about {len(paths)} min", file=sys.stderr)
    figures = [
        bench(each, args.profile if each == paths[0] else NONE, compare=each == paths[0])
        for each in paths
    ]
    if args.json:
        for each in figures:
            print(msgspec.json.encode(each).decode())
        return 0
    print(table(figures[0]))
    if len(figures) > 1:
        print(f"\n{side_by_side(figures)}")
    return 0


def side_by_side(figures: Sequence[Bench]) -> str:
    """Return the main figures of several models as a table for people."""
    columns = {
        "inference": [f"{each.stages_ms['inference']:.2f} ms" for each in figures],
        "hop of speech": [f"{each.loops['speech'].hop_ms:.2f} ms" for each in figures],
        "of a core": [f"{each.loops['speech'].core_share:.2%}" for each in figures],
        "peak memory": [f"{each.start.peak_megabytes:.0f} MB" for each in figures],
        "first prediction": [f"{each.start.first_prediction_seconds:.2f} s" for each in figures],
    }
    width = max(len(each.file) for each in figures)
    lines = [" ".join([" " * width, *(f"{name:>16}" for name in columns)])]
    for row, each in enumerate(figures):
        cells = (f"{column[row]:>16}" for column in columns.values())
        lines.append(" ".join([f"{each.file:<{width}}", *cells]))
    return "\n".join(lines)


def table(figures: Bench) -> str:
    """Return the figures as a table for people."""
    lines = [
        f"model {' '.join(filter(None, (figures.model, figures.voices)))} on {figures.runtime}, "
        f"{figures.machine}, load {figures.load:.1f}",
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
