"""Arguments that ``train`` and ``evaluate`` share: flags, clips, materials, output folder."""

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emotiond.errors import EmotiondError, InputError, reason
from emotiond_training.corpora.readers import READERS

if TYPE_CHECKING:
    from emotiond_training.corpora.clips import Clip
    from emotiond_training.fitting.materials import Materials
    from emotiond_training.progress import Reporter
    from emotiond_training.recipe import Recipe


def add_shared_arguments(parser: argparse.ArgumentParser, *, corpus_required: bool = True) -> None:
    """Add the corpora, the recipe, and the flags that replace the recipe's own values."""
    *others, last = READERS
    parser.add_argument(
        "--corpus",
        action="append",
        required=corpus_required,
        default=[],
        metavar="NAME=DIR",
        help=f"recordings: NAME is {', '.join(others)} or {last}; "
        "DIR alone is a folder with one folder a label, a file alone is a table (CSV); "
        "may be repeated",
    )
    parser.add_argument(
        "--skip-broken",
        action="store_true",
        help="leave out recordings that can't be read (default: stop and name them)",
    )
    parser.add_argument(
        "--recipe",
        default="seed",
        metavar="NAME",
        help="a built-in recipe or a .toml file (default: seed)",
    )
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**32 - 1),
        metavar="N",
        help="seed of everything random (default: the recipe's)",
    )
    parser.add_argument(
        "--epochs",
        type=whole_number(1),
        metavar="N",
        help="epochs to train (default: the recipe's)",
    )
    for name, what in (
        ("--noise", "recordings without speech, for recipes that mix them in; may be repeated"),
        ("--rir", "impulse responses of rooms, for recipes that use them; may be repeated"),
    ):
        parser.add_argument(name, type=Path, action="append", default=[], metavar="DIR", help=what)
    parser.add_argument(
        "--trunk",
        type=Path,
        metavar="FILE",
        help="weights of Whisper base, for the recipe whisper: model.safetensors as Hugging Face "
        "distributes it",
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep augmented copies here (default: in --out)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder to write to (default: runs/RECIPE)"
    )


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return a function from the text of a flag to a whole number within limits."""
    limits = f"of at least {least}" if most is None else f"from {least} to {most}"

    def number(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"must be a whole number {limits}, not {text!r}")
        return value

    return number


def output_folder(args: argparse.Namespace) -> Path:
    """Make the folder to write to, and return it.

    Raises
    ------
    InputError
        If it can't be made or written to.
    """
    folder: Path = args.out or Path("runs", Path(args.recipe).stem)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: {reason(error)}") from error
    if not os.access(folder, os.W_OK):
        raise InputError(f"{folder}: may not be written to")
    return folder


def recipe_from(args: argparse.Namespace) -> "Recipe":
    """Return the recipe that the command line names, with its overrides.

    Raises
    ------
    InputError
        If the recipe is wrong, or if it needs weights that were not given or can't be read.
    """
    from emotiond_training.networks.whisper_weights import read_weights
    from emotiond_training.recipe import load_recipe

    recipe = load_recipe(args.recipe, seed=args.seed, epochs=args.epochs)
    if recipe.frozen:
        if args.trunk is None:
            raise InputError(
                f"recipe {args.recipe} builds on Whisper; give its weights: --trunk FILE "
                "(model.safetensors of openai/whisper-base)"
            )
        read_weights(args.trunk, recipe.whisper.layers)
    return recipe


def clips_from(args: argparse.Namespace, reporter: "Reporter") -> "list[Clip]":
    """Return the recordings that the command line names, and show what is left out.

    Parameters
    ----------
    args : argparse.Namespace
        Arguments ``corpus`` and ``skip_broken``.
    reporter : Reporter
        Shows the tables.

    Raises
    ------
    InputError
        As :func:`emotiond_training.corpora.collection.read_corpora`.
    """
    from emotiond_training.commands.contents import show_contents
    from emotiond_training.corpora.collection import read_corpora

    collection = read_corpora(args.corpus, reporter, skip_broken=args.skip_broken)
    show_contents(collection, reporter)
    return collection.clips


def materials_from(
    args: argparse.Namespace, out: Path, reporter: "Reporter", half: int | None = None
) -> "Materials":
    """Return the materials that the command line names.

    Parameters
    ----------
    args : argparse.Namespace
        Arguments ``noise``, ``rir``, ``trunk``, ``cache`` and ``skip_broken``.
    out : Path
        Folder that the cache lies in, unless the command line names one.
    reporter : Reporter
        Shows the progress; gets a line for each recording that can't be read.
    half : int, optional
        Half of the noises to take, so that the other one can test; both by default.

    Raises
    ------
    InputError
        If a folder is missing or empty, or a recording can't be read. Noises that can't be read
        may be left out, rooms may not.
    """
    from emotiond_training.corpora.broken import without_broken
    from emotiond_training.corpora.files import sound_files
    from emotiond_training.corpora.noises import half_of, read_noises
    from emotiond_training.fitting.materials import Materials

    rooms: list[Path] = []
    for folder in args.rir:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
        found = sound_files(folder)
        if not found:
            raise InputError(f"{folder}: no impulse responses in it")
        rooms += found
    noises = read_noises(args.noise)
    if half is not None:
        noises = [each for each in noises if half_of(each) == half]
    without_broken(rooms, Path, reporter, skip=False)
    noises, _ = without_broken(noises, lambda each: each.path, reporter, skip=args.skip_broken)
    if args.noise and not noises:
        raise InputError("--noise: none of its recordings can be read")
    return Materials(noises, tuple(args.rir), args.cache or out / "copies", args.trunk)


@contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Turn a full disk, or too little memory, into an EmotiondError."""
    try:
        yield
    except MemoryError as error:
        raise EmotiondError(
            "out of memory; give fewer recordings, or lower batch, copies or windows in the recipe"
        ) from error
    except OSError as error:
        raise EmotiondError(f"{folder}: {reason(error)}") from error
