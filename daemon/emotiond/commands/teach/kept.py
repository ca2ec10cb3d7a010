"""``emotiond teach list`` and ``forget``: the examples that a voice profile keeps."""

import argparse
import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

import msgspec

from emotiond.commands.teach.profile import chosen_file
from emotiond.errors import InputError
from emotiond.model.choice import model_file
from emotiond.model.contract import Contract
from emotiond.model.profile import Example, Profile
from emotiond.model.profile_file import read_profile, update_profile
from emotiond.model.runtime import load_quietly
from emotiond.model.taught import company_of, contradicted, voices_of
from emotiond.terminal.estimate import in_words
from emotiond.text import escaped


class Line(msgspec.Struct, frozen=True):
    """A line of ``--json`` for an example; fields as in :class:`Example`."""

    id: str
    label: str
    speaker: str | None
    time: str
    origin: str
    recording: str
    contradicted: bool
    """Whether the other examples say that it is of another label."""


def show(args: argparse.Namespace) -> int:
    """Print the examples by label and speaker, and mark those that the others contradict."""
    path = chosen_file(args.profile)
    model = load_quietly(model_file(args.model))
    profile = _kept(path, model.contract)
    if not profile.examples:
        if not args.json:
            print(escaped(f"{path}: nothing is taught"))
        return 0
    company = company_of(model)
    voices = voices_of(profile, model.contract, company)
    doubtful = contradicted(profile, model.contract, company)
    examples = sorted(profile.examples, key=lambda each: (each.label, each.speaker or ""))
    width = max(len(each.label) for each in examples)
    for each in examples:
        against = each.id in doubtful
        if args.json:
            fields: dict[str, Any] = msgspec.structs.asdict(each)
            del fields["embedding"], fields["own_logits"]
            print(msgspec.json.encode(Line(**fields, contradicted=against)).decode())
            continue
        mark = "  the others say otherwise" if against else ""
        where = "  ".join(filter(None, (each.speaker, each.time[:10], each.recording)))
        print(escaped(f"{each.label:<{width}}  {each.id}  {where}{mark}"))
    if not args.json:
        print(in_words(voices.head.estimate))
    return 0


def forget(args: argparse.Namespace) -> int:
    """Take examples out of the profile, and say which."""
    path = chosen_file(args.profile)
    contract = load_quietly(model_file(args.model)).contract
    if not (args.ids or args.label or args.of_speaker or args.all):
        raise InputError("nothing to forget: name examples, or give --label, --speaker or --all")
    _kept(path, contract)  # a missing file is refused, not made
    gone: list[Example] = []

    def change(old: Profile) -> Profile:
        gone.extend(each for each in old.examples if _wanted(each, args))
        _check_ids(args.ids, old.examples)
        return old.without({each.id for each in gone})

    profile = update_profile(path, contract, change)
    if not gone:
        raise InputError(f"{path}: has no such example; emotiond teach list shows all")
    for each in gone:
        print(escaped(f"forgotten: {each.id}, {each.label}, {each.recording}"))
    print(escaped(f"{path}: {len(profile.examples)} left; to have them back, teach them again"))
    return 0


def _kept(path: Path, contract: Contract) -> Profile:
    """Return the profile; raises InputError if there is none."""
    if not os.path.lexists(path):
        raise InputError(f"{path}: nothing is taught yet; start with: emotiond teach")
    return read_profile(path, contract)


def _wanted(example: Example, args: argparse.Namespace) -> bool:
    """Return whether an example is to go: all conditions that were given must hold."""
    return (
        (not args.ids or example.id in args.ids)
        and args.label in (None, example.label)
        and args.of_speaker in (None, example.speaker)
    )


def _check_ids(ids: Collection[str], examples: Collection[Example]) -> None:
    known = {each.id for each in examples}
    for each in ids:
        if each not in known:
            raise InputError(f"no example is called {each}; emotiond teach list shows all")
