"""Arguments that ``train`` and ``evaluate`` share."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from emotiond.errors import EmotiondError, InputError, reason

if TYPE_CHECKING:
    from emotiond_training.fitting.materials import Materials


def add_shared_arguments(parser: argparse.ArgumentParser, *, corpus_required: bool = True) -> None:
    """Add the corpora, the recipe and what overrides it."""
    parser.add_argument(
        "--corpus",
        action="append",
        required=corpus_required,
        default=[],
        metavar="NAME=DIR",
        help="recordings: NAME is ased, cremad, emodb, folders, nemo, ravdess, savee or tess; "
        "DIR alone is a folder with one folder a label; may be repeated",
    )
    parser.add_argument(
        "--recipe",
        default="seed",
        metavar="NAME",
        help="a built-in recipe or a .toml file (default: seed)",
    )
    parser.add_argument("--seed", type=_natural, metavar="N", help="in place of the recipe's")
    parser.add_argument("--epochs", type=positive, metavar="N", help="in place of the recipe's")
    for name, what in (
        ("--noise", "recordings without speech, for recipes that mix them in; may be repeated"),
        ("--rir", "impulse responses of rooms, for recipes that use them; may be repeated"),
    ):
        parser.add_argument(name, type=Path, action="append", default=[], metavar="DIR", help=what)
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep augmented copies here (default: in --out)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where to write (default: runs/RECIPE)"
    )


def output_folder(args: argparse.Namespace) -> Path:
    """Return the folder to write to, made.

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


def materials_from(args: argparse.Namespace, out: Path, half: int | None = None) -> "Materials":
    """Return the materials that the command line names.

    Parameters
    ----------
    args : argparse.Namespace
        With ``noise``, ``rir`` and ``cache``.
    out : Path
        The cache lies in it where the command line names none.
    half : int, optional
        Take only this half of the noises, so that the other one can be tested with.

    Raises
    ------
    InputError
        If a folder is missing or empty.
    """
    from emotiond_training.corpora.files import sound_files
    from emotiond_training.corpora.noises import half_of, read_noises
    from emotiond_training.fitting.materials import Materials

    for folder in args.rir:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder")
        if not sound_files(folder):
            raise InputError(f"{folder}: no impulse responses in it")
    noises = read_noises(args.noise)
    if half is not None:
        noises = [each for each in noises if half_of(each) == half]
    return Materials(noises, tuple(args.rir), args.cache or out / "copies", tuple(args.noise))


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Turn a failure to write, a full disk say, into an EmotiondError."""
    try:
        yield
    except OSError as error:
        raise EmotiondError(f"{folder}: {reason(error)}") from error


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return number


def positive(text: str) -> int:
    """Return a number that a flag gives, if it is at least 1."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number
