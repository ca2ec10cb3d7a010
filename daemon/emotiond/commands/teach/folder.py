"""``emotiond teach --from``: teach the recordings in a folder, which has one folder a label."""

import argparse
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from typing import NamedTuple

from emotiond.audio.files import FAST_BLOCK_SECONDS, file_blocks
from emotiond.audio.folders import sound_files
from emotiond.commands.teach.profile import chosen_file
from emotiond.errors import InputError, SoundError, reason
from emotiond.model.choice import model_file
from emotiond.model.output import Output
from emotiond.model.profile import Example, check_teachable, checked_name, example_of
from emotiond.model.profile_file import read_profile, update_profile
from emotiond.model.runtime import load_quietly
from emotiond.model.taught import company_of, head_labels, voices_of
from emotiond.pool import in_order
from emotiond.recognition.recording import outputs_of
from emotiond.record import utc_now
from emotiond.streams import complain, keep_stderr
from emotiond.terminal.bar import file_bar
from emotiond.terminal.estimate import in_words
from emotiond.text import counted, did_you_mean, escaped, printable


class Recording(NamedTuple):
    """A recording to teach."""

    path: str
    label: str
    any_sound: bool
    """Whether it need not be speech: its label is none of the model's."""


Heard = tuple[list[Output], str | None]
"""Outputs of the utterances of a recording, and the fault of the file, if it has one."""


def teach(args: argparse.Namespace) -> int:
    """Teach the recordings; print the new examples, the files left out, and the estimate.

    Returns 1 if some recordings could not be taken.
    """
    path = chosen_file(args.profile)
    speaker = None if args.speaker is None else checked_name(args.speaker, "speaker")
    file = model_file(args.model)
    model = load_quietly(file)
    contract = model.contract
    check_teachable(contract)
    if path.exists():  # report a bad profile before the work
        read_profile(path, contract)
    recordings = _recordings(args.folder, contract.reported)
    now = utc_now()
    examples: list[Example] = []
    left_out = 0
    jobs = min(args.jobs, len(recordings))
    if jobs == 1:
        keep_stderr()
    results = in_order(partial(_worker, file), recordings, jobs)
    with closing(results), file_bar(len(recordings), printing=False) as advance:
        for each, result in zip(recordings, results, strict=True):
            outputs, problem = result or ([], "its process died, perhaps out of memory")
            if problem or not outputs:
                left_out += not outputs
                name = printable(each.path)
                complain(problem or f"{name}: left out, since nobody speaks in it")
            examples += [
                example_of(
                    *(output, each.label),
                    origin="file",
                    recording=str(Path(each.path).resolve()),
                    time=now,
                    speaker=speaker,
                )
                for output in outputs
            ]
            advance()
    if not examples:
        raise InputError(f"{args.folder}: no recording in it could be taken")
    profile = update_profile(path, contract, lambda old: old.with_examples(examples))
    for label, count in Counter(each.label for each in examples).items():
        print(escaped(f"{label}: {counted(count, 'example')}"))
    print(escaped(f"{path}: {len(profile.examples)} examples in all"))
    labels = [each.label for each in profile.examples]
    if head_labels(contract, labels)[: len(contract.reported)] != contract.reported:
        print(escaped(_new_labels(set(labels), contract.reported)))
    print(in_words(voices_of(profile, contract, company_of(model)).head.estimate))
    return int(left_out > 0)


def _new_labels(labels: set[str], own: tuple[str, ...]) -> str:
    """Say that the model's own labels are gone, and which label brought that about."""
    new = sorted(labels - set(own))
    hint = next(filter(None, (did_you_mean(each, own) for each in new)), "")
    return f"the model itself has no {', '.join(new)}: it tells apart only the labels taught{hint}"


def _recordings(folder: Path, own: tuple[str, ...]) -> list[Recording]:
    """Return the recordings in the folders of labels; names of the model's labels in any case."""
    try:
        labels = sorted(
            each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(".")
        )
    except OSError as error:
        raise InputError(f"{folder}: {reason(error)}") from error
    if not labels:
        raise InputError(f"{folder}: has no folders; make one for each label, with recordings")
    known = {each.casefold(): each for each in own}
    found = []
    for each in labels:
        label = checked_name(each.name, "label")
        label = known.get(label.casefold(), label)
        found += [Recording(file, label, label not in own) for file in sound_files(str(each))]
    return found


def _worker(file: Path) -> Callable[[Recording], Heard]:
    """Return a function that runs the model on a recording."""
    if parent_process() is not None:
        keep_stderr()
    model = load_quietly(file)

    def work(recording: Recording) -> Heard:
        said: list[str] = []
        blocks = file_blocks(
            Path(recording.path), model.contract.sample_rate, FAST_BLOCK_SECONDS, warn=said.append
        )
        try:
            outputs = outputs_of(model, blocks, any_sound=recording.any_sound)
        except SoundError as error:
            return [], str(error)
        return outputs, "; ".join(said) or None

    return work
