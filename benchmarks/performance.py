"""Writes docs/PERFORMANCE.md: what the daemon costs on this machine, beside the aims.

python benchmarks/performance.py    # takes minutes; other work on the machine distorts it
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement

from emotiond.bench.program import Bench, bench
from emotiond.commands.bench import side_by_side, table
from emotiond.model.choice import SHIPPED
from emotiond.model.file import read_contract

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
PAGE = Path(__file__).parents[1] / "docs" / "PERFORMANCE.md"
LIVE = "a microphone of PulseAudio, headless"
"""The row of ``live.py`` that is compared with the aim."""
NOTES = Path(__file__).with_name("NOTES.md")
"""Text that is not measured again: choices, and the measurements behind them."""

Row = tuple[str, ...]


def script(name: str, *arguments: object) -> Any:
    """Return the figures that another script beside this one prints as JSON."""
    command = [sys.executable, Path(__file__).with_name(name), *map(str, arguments)]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def installed() -> dict[str, float]:
    """Return package -> size on disk (MB), for all packages that the daemon needs."""
    found: dict[str, float] = {}
    todo = list(tomllib.loads(PROJECT.read_text())["project"]["dependencies"])
    while todo:
        needed = Requirement(todo.pop())
        if needed.name in found or (needed.marker and not needed.marker.evaluate({"extra": ""})):
            continue
        package = distribution(needed.name)
        paths = {path.locate() for path in package.files or []}
        found[needed.name] = sum(path.stat().st_size for path in paths if path.is_file()) / 1e6
        todo += package.requires or []
    return found


def markdown(head: Row, rows: list[Row]) -> str:
    """Return a table in Markdown."""
    ruler = tuple("---" for _ in head)
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ruler, *rows))


class Aim(NamedTuple):
    """An upper limit for a figure; a lower one if ``least``; None where nothing is aimed at."""

    of: str
    limit: float | None
    measured: float
    unit: str = ""
    least: bool = False

    def cells(self) -> tuple[str, str]:
        """Return limit and figure; a figure that misses its limit is bold."""
        digits = ",.0f" if self.measured >= 100.0 else ".2g" if self.measured < 1.0 else ".3g"
        figure = f"{self.measured:{digits}} {self.unit}".strip()
        if self.limit is None:
            return "", figure
        met = self.measured >= self.limit if self.least else self.measured <= self.limit
        words = "at least" if self.least else "at most"
        aim = f"{words} {self.limit:,g} {self.unit}".strip()
        return aim, figure if met else f"**{figure}**"


def aims(model: str, figures: Bench, live: dict[str, float], megabytes: float) -> list[Aim]:
    """Return the aims of a model with the measured figures."""
    loops, stages, start, base = (figures.loops, figures.stages_ms, figures.start, figures.baseline)
    core = "% of a core"
    per_hop = 0.1 / figures.hop_seconds
    energy = loops["speech, energy gate"]
    small = model == "small"
    found = [
        Aim("a window through the network", 1.0 if small else 15.0, stages["inference"], "ms"),
        Aim("a hop with the gate open, energy gate", 2.0 if small else 18.0, energy.hop_ms, "ms"),
        Aim("the loop in speech", 3.0 if small else 6.0, 100.0 * loops["speech"].core_share, core),
        Aim("the loop in a quiet room", 0.2, 100.0 * loops["quiet room"].core_share, core),
        Aim("the gate in speech", 2.0, per_hop * stages["gate, speech"], core),
        Aim("the gate in a quiet room", 0.2, per_hop * stages["gate, quiet room"], core),
        Aim(
            "start to the first prediction",
            0.4 if small else 0.6,
            start.first_prediction_seconds,
            "s",
        ),
        Aim("`emotiond --help`", 0.15, start.help_seconds, "s"),
        Aim("dependencies on disk", 120.0, megabytes, "MB"),
    ]
    if LIVE in live:
        limit = 85.0 if small else 130.0
        found.append(Aim(f"peak memory, live from {LIVE}", limit, live[LIVE], "MB"))
    for name, each in loops.items():
        limit = 1000.0 if small or name == "quiet room" else None
        of = f"replay with `--fast`: {name}"
        found.append(Aim(of, limit, each.times_real_time, "x real time", True))
    if base is not None:
        found += [
            Aim("MFCCs: librosa (a window) / ours (a hop)", 15.0, base.mfcc_ratio, "", True),
            Aim("a hop: librosa / ours", 4.0 if small else None, base.hop_ratio, "", True),
            Aim("same labels as with librosa", 100.0, 100.0 * base.same_labels, "%", True),
        ]
    return found


def page() -> str:
    """Measure all figures and return the page."""
    figures = {name: bench(path) for name, path in SHIPPED.items()}
    live = {name: script("live.py", "--model", path) for name, path in SHIPPED.items()}
    sizes = installed()
    growth = script("growth.py", "--model", SHIPPED["small"])
    found = [aims(name, figures[name], live[name], sum(sizes.values())) for name in SHIPPED]
    files = " and ".join(
        f"`{path.name}` ({path.stat().st_size / 1e6:.1f} MB)" for path in SHIPPED.values()
    )
    voices = script("voices.py")
    parts = [
        "# What it costs",
        f"Written by `benchmarks/performance.py` on {os.cpu_count()} cores, {platform.machine()}, "
        f"load {figures['large'].load:.1f}, Python {platform.python_version()}, with {files}; "
        f"their gate opens for {read_contract(SHIPPED['large']).opens_for} unless a row says "
        "otherwise. A CPU time is the least of several runs. `emotiond bench` gives the same "
        "figures for any machine.",
        "## Aims",
        "A figure that misses its aim is bold.",
        markdown(
            ("figure", "large: aim", "measured", "small: aim", "measured"),
            [(one.of, *one.cells(), *other.cells()) for one, other in zip(*found, strict=True)],
        ),
        "## All figures of `emotiond bench`",
        "\n\n".join(f"```\n{table(each)}\n```" for each in figures.values()),
        f"```\n{side_by_side(list(figures.values()))}\n```",
        "## Memory, live",
        "Peak after a minute in real time, with log and live socket, shared libraries included "
        "(`benchmarks/live.py`). PortAudio and PulseAudio's library are the difference between a "
        "pipe and a microphone.",
        markdown(
            ("`emotiond run` listens to", *SHIPPED),
            [
                (name, *(f"{of_model[name]:.0f} MB" for of_model in live.values()))
                for name in live["small"]
            ],
        ),
        "## A voice profile",
        "500 examples, the large model and its background (`benchmarks/voices.py`). The fit is to "
        "take 0.3 s, the head of a window 0.1 ms.",
        markdown(("figure", "measured"), [(of, f"{each:.2g}") for of, each in voices.items()]),
        "## Growth",
        "With the small model.",
        markdown(
            ("after", "CPU of a hop, speech with pauses, energy gate", "memory"),
            [
                (name, f"{row['ms']:.3f} ms", f"{row['megabytes']:.0f} MB")
                for name, row in growth["day"].items()
            ],
        ),
        markdown(
            ("files of 23 s, one process", "CPU", "peak memory"),
            [
                (name, f"{row['seconds']:.1f} s", f"{row['megabytes']:.0f} MB")
                for name, row in growth["files"].items()
            ],
        ),
        "## On disk",
        "A whole virtual environment, pip and bytecode included, as `du -sm` counts "
        "(`benchmarks/disk.py`):",
        markdown(
            ("installed by", "MB"),
            [(way, f"{size}") for way, size in script("disk.py").items()],
        ),
        "Of that, the packages that the daemon needs:",
        markdown(
            ("package", "MB"),
            [
                (name, f"{size:.1f}")
                for name, size in sorted(sizes.items(), key=lambda item: -item[1])
            ],
        ),
        NOTES.read_text().strip(),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write the page."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    PAGE.write_text(page())
    print(PAGE)


if __name__ == "__main__":
    main()
