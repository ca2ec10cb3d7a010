"""Which model runs: a file, or one of the two beside the program, chosen for the machine.

It depends on the installed files, the runtime and the processor, and so never changes by itself.
"""

import os
import platform
import sys
from pathlib import Path
from typing import Final, NamedTuple

from emotiond.errors import ModelError
from emotiond.paths import LARGE_MODEL, SMALL_MODEL, user_path
from emotiond.values import RUNTIMES

AUTO: Final = "auto"
"""Word for the shipped model that fits the machine."""
SHIPPED: Final = {"large": LARGE_MODEL, "small": SMALL_MODEL}
"""Words for the models beside the program, and their files."""
X86_64: Final = ("x86_64", "amd64")
ARM64: Final = ("aarch64", "arm64")
DOT_PRODUCT: Final = "asimddp"
"""Linux's name for the dot-product instructions of 64-bit ARM; a Pi 5 has them, a Pi 4 has not."""


class Machine(NamedTuple):
    """What the choice depends on."""

    architecture: str
    """Architecture of the processor, as :func:`platform.machine` names it."""
    flags: frozenset[str]
    """Instruction sets that an ARM processor has, by Linux's names."""
    runtime: str
    """Import name of the TFLite runtime."""
    has_large: bool = True
    """Whether the large model is installed."""


class Choice(NamedTuple):
    """A model file, and why it runs."""

    path: Path
    """The file."""
    reason: str
    """Which one it is and why, in a few words."""


def shipped(machine: Machine) -> Choice:
    """Return the shipped model for a machine.

    It is the large one if that is installed and LiteRT runs it on x86-64 or on 64-bit ARM with
    dot-product instructions, else the small one.

    Parameters
    ----------
    machine : Machine
        The machine.
    """
    architecture = machine.architecture.lower()
    processor = " ".join(f"this {machine.architecture} processor".split())
    if not machine.has_large:
        return Choice(SMALL_MODEL, "small: the large one is not installed")
    if machine.runtime != RUNTIMES[0]:
        return Choice(
            SMALL_MODEL, f"small: the large one needs ai-edge-litert, not {machine.runtime}"
        )
    if architecture in X86_64:
        return Choice(LARGE_MODEL, f"large: {processor} is fast enough")
    if architecture not in ARM64:
        return Choice(SMALL_MODEL, f"small: {processor} is too slow for the large one")
    if DOT_PRODUCT in machine.flags:
        return Choice(LARGE_MODEL, f"large: {processor} has dot-product instructions")
    return Choice(SMALL_MODEL, f"small: {processor} has no dot-product instructions")


def this_machine() -> Machine:
    """Return the machine that this process runs on.

    Raises
    ------
    EmotiondError
        If no TFLite runtime is installed.
    """
    # It loads NumPy, which a command that runs no model does without.
    from emotiond.model.runtime import load_runtime

    architecture = platform.machine()
    if sys.platform == "darwin" and architecture.lower() in ARM64:
        flags = frozenset({DOT_PRODUCT})  # every Mac with an ARM processor has them
    else:
        flags = cpu_flags(Path("/proc/cpuinfo"))
    return Machine(architecture, flags, load_runtime()[0], LARGE_MODEL.exists())


def cpu_flags(path: Path) -> frozenset[str]:
    """Return what all cores have by the lines ``Features`` of a ``/proc/cpuinfo``, if any."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return frozenset()
    rows = [line.partition(":") for line in lines]
    cores = [frozenset(row.split()) for name, _, row in rows if name.strip() == "Features"]
    return frozenset.intersection(*cores) if cores else frozenset()


def chosen(model: str) -> Choice:
    """Return the model that a user's word or path names, whether its file exists or not.

    Parameters
    ----------
    model : str
        ``auto``, ``large``, ``small``, or the path of a model file; ``./large`` is a path.

    Raises
    ------
    InputError
        If a path begins with a home folder that is unknown.
    EmotiondError
        If the word is ``auto`` and no TFLite runtime is installed.
    """
    if model == AUTO:
        return shipped(this_machine())
    if model in SHIPPED:
        return Choice(SHIPPED[model], f"{model}: so it was set")
    return Choice(user_path(model), f"{model}: so it was set")


def model_file(model: str | os.PathLike[str]) -> Path:
    """Return the model file that a user's word or path names.

    Parameters
    ----------
    model : str or path-like
        As for :func:`chosen`; an object that is a path and no text is that file.

    Raises
    ------
    ModelError
        If it is a shipped model and this installation lacks it.
    InputError, EmotiondError
        As for :func:`chosen`.
    """
    if not isinstance(model, str):
        return Path(model)
    path = chosen(model).path
    for word, file in SHIPPED.items():
        if path == file and not file.exists():
            other = next(each for each in SHIPPED if each != word)
            raise ModelError(
                f"this installation has no {word} model ({file}); choose another: --model {other}"
            )
    return path
