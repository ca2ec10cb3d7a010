"""``emotiond annotate``: list the utterances of recordings, with times and emotions."""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from emotiond.annotation.annotation import Annotation, annotate
from emotiond.annotation.formats import FORMATS, Format
from emotiond.audio.files import FAST_BLOCK_SECONDS, file_blocks
from emotiond.audio.folders import sound_files
from emotiond.commands.recordings import ErrorLine, add_flags, chosen_model, work_through
from emotiond.errors import InputError
from emotiond.model.interface import Model
from emotiond.paths import replacement
from emotiond.pictures import check_picture, save_picture
from emotiond.streams import complain
from emotiond.text import printable

PICTURE = ".png"
"""Ending of the pictures."""

Outputs = Mapping[str, Path]
"""Name of a recording -> file of its annotation."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags of this command."""
    add_flags(parser)
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="csv",
        help="csv (a table), json, textgrid (Praat), audacity (a label track) or webvtt "
        "(subtitles) (default: csv)",
    )
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        help="write a file for each recording into this folder (default: standard output)",
    )
    parser.add_argument(
        "--hops",
        action="store_true",
        help="add the hops, about one a second (default: utterances only)",
    )
    parser.add_argument(
        "--picture",
        action="store_true",
        help="with --out: add a picture of each spectrogram with the labels; needs matplotlib",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="with --out: replace files that are there already (default: refuse)",
    )


def run(args: argparse.Namespace) -> int:
    """Annotate the files in order, and go on after one that can't be read.

    Returns 1 if some files could not be annotated, and 2 if none could, for they can't be read.
    """
    form = FORMATS[args.format]
    outputs = {} if args.out is None else _outputs(args.files, args.out, form.ending)
    names = list(outputs) or [file for name in args.files for file in sound_files(name)]
    _check(args, form, names, outputs)
    chosen, model = chosen_model(args)
    if args.out is None:
        sys.stdout.write(form.heading(model.contract.reported))
    work = partial(_annotated, hops=args.hops, pictures=outputs if args.picture else {})
    show = partial(_show, form, args.format == "json", outputs)
    return work_through(
        names, chosen, work, show, args.jobs, cluster=args.cluster, printing=args.out is None
    )


def _check(args: argparse.Namespace, form: Format, names: Sequence[str], outputs: Outputs) -> None:
    """Refuse wrong usage, before anything is written."""
    if args.out is None:
        for flag in ("picture", "overwrite"):
            if getattr(args, flag):
                raise InputError(f"--{flag} needs --out FOLDER, where the files are written")
        if len(names) > 1 and not form.joins:
            raise InputError(
                f"{len(names)} recordings need --out FOLDER: a {args.format} file has only one"
            )
    endings = (form.ending, PICTURE) if args.picture else (form.ending,)
    for path in (each.with_suffix(ending) for each in outputs.values() for ending in endings):
        if path.exists() and not args.overwrite:
            raise InputError(f"{path} is there already; add --overwrite to replace it")
    if args.picture:
        check_picture(Path(f"picture{PICTURE}"))


def _outputs(given: Sequence[str], folder: Path, ending: str) -> Outputs:
    """Return the output of each recording: at its place below the folder that was given."""
    places = {
        file: Path(file).relative_to(name) if file != name else Path(Path(file).name)
        for name in given
        for file in sound_files(name)
    }
    stems = Counter(each.with_suffix("") for each in places.values())
    recordings: dict[Path, str] = {}
    for file, place in places.items():
        # a.wav and a.mp3 become a.wav.csv and a.mp3.csv.
        stem = place.with_suffix("") if stems[place.with_suffix("")] == 1 else place
        path = folder / f"{stem}{ending}"
        if path in recordings:
            raise InputError(
                f"{printable(recordings[path])} and {printable(file)} would both be written to "
                f"{printable(str(path))}"
            )
        recordings[path] = file
    return {file: path for path, file in recordings.items()}


def _annotated(name: str, model: Model, *, hops: bool, pictures: Outputs) -> Annotation:
    """Return the annotation of a recording; write its picture if it has a place for one."""
    path = Path(name)
    found = annotate(path, model, hops=hops)
    if name in pictures:
        from emotiond.annotation.picture import picture_of, spectrogram

        rate = model.contract.sample_rate
        # The sound is read once more: a recording may be larger than the memory.
        blocks = file_blocks(path, rate, FAST_BLOCK_SECONDS, warn=lambda _: None)
        levels = spectrogram(blocks, round(found.seconds * rate))
        target = pictures[name].with_suffix(PICTURE)
        target.parent.mkdir(parents=True, exist_ok=True)
        save_picture(picture_of(found, levels, rate), target)
    return found


def _show(
    form: Format, errors_as_json: bool, outputs: Outputs, name: str, found: Annotation | str
) -> None:
    """Write an annotation to its file, or print it; complain about a recording without one."""
    if isinstance(found, str):
        if errors_as_json and not outputs:
            line = ErrorLine(printable(name), printable(found))
            print(msgspec.json.encode(line).decode(), flush=True)
        else:
            complain(found)
        return
    if found.warning is not None:
        complain(found.warning)
    if not outputs:
        sys.stdout.write(form.body(found))
        sys.stdout.flush()
        return
    path = outputs[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacement(path) as new:
        new.write_text(form.heading(found.labels) + form.body(found), encoding="utf-8")
