"""The file of a voice profile: reading, writing, and changing it while nobody else does."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from emotiond.errors import ProfileError, reason
from emotiond.model.contract import Contract
from emotiond.model.profile import PROFILE_VERSION, Profile, check_teachable, new_profile

PRIVATE_FOLDER: Final = 0o700
PRIVATE_FILE: Final = 0o600


def read_profile(path: Path, contract: Contract) -> Profile:
    """Read and check a voice profile.

    Parameters
    ----------
    path : Path
        Its file.
    contract : Contract
        Contract of the model that is to be taught.

    Raises
    ------
    ProfileError
        If the file can't be read, is no voice profile, is damaged, of a newer version or of another
        model; says what to do.
    ModelError
        If the model can't be taught.
    """
    check_teachable(contract)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ProfileError(
            f"profile {path}: {reason(error)}; name another with --profile, or none"
        ) from error
    return _decoded(path, content, contract)


def write_profile(path: Path, profile: Profile) -> None:
    """Write a voice profile in one step: a reader sees the old file or the new one.

    The file can be read by its owner alone, and so can a folder that is made for it.

    Raises
    ------
    ProfileError
        If the file can't be written.
    """
    path = path.resolve()  # the rename below would replace a link itself
    new = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            new.unlink()
        with os.fdopen(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb"
        ) as file:
            file.write(msgspec.json.format(msgspec.json.encode(profile), indent=1))
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError as error:
        raise ProfileError(
            f"profile {path}: can't be written ({reason(error)}); name another with --profile"
        ) from error


def update_profile(path: Path, contract: Contract, change: Callable[[Profile], Profile]) -> Profile:
    """Change a voice profile on disk, while no other program changes it.

    Parameters
    ----------
    path : Path
        Its file; made if it is missing.
    contract : Contract
        Contract of the model.
    change : callable
        Function from the profile, which may be empty, to the changed one.

    Returns
    -------
    Profile
        The profile as it was written.

    Raises
    ------
    ProfileError
        As of :func:`read_profile` and :func:`write_profile`; then nothing was written.
    ModelError
        If the model can't be taught.
    """
    with _alone(path.resolve().parent):
        there = os.path.lexists(path)
        before = read_profile(path, contract) if there else new_profile(contract)
        profile = change(before)
        write_profile(path, profile)
    return profile


def _decoded(path: Path, content: bytes, contract: Contract) -> Profile:
    """Return the profile in a file; the version comes first, since others have other fields."""
    try:
        tree = msgspec.json.decode(content, type=dict[str, Any])
        version = tree.get("version")
        if isinstance(version, int) and version > PROFILE_VERSION:
            raise ProfileError(
                f"profile {path}: of a newer emotiond (version {version}, this one reads "
                f"{PROFILE_VERSION}); use that emotiond, or teach again into another --profile"
            )
        profile = msgspec.convert(tree, Profile)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProfileError(
            f"profile {path}: no voice profile, or damaged ({error}); "
            "delete it and teach again, or name another with --profile"
        ) from error
    if profile.model != contract.sha256:
        raise ProfileError(
            f"profile {path}: taught to another model ({profile.model[:8]}, this one is "
            f"{contract.short_hash}); teach this one again, from kept recordings if there are any, "
            "or name another with --profile"
        )
    _check_examples(path, profile, contract)
    return profile


def _check_examples(path: Path, profile: Profile, contract: Contract) -> None:
    """Refuse examples that are not of the model's shape, or occur twice."""
    ids = set()
    for each in profile.examples:
        size = contract.embedding_size or 0
        fits = len(each.embedding) == 2 * size and len(each.own_logits) == len(contract.labels)
        finite = fits and np.isfinite(each.numbers).all() and np.isfinite(each.own_logits).all()
        if not finite or each.id in ids:
            raise ProfileError(
                f"profile {path}: damaged (its example {each.id}); "
                "delete it and teach again, or name another with --profile"
            )
        ids.add(each.id)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, which is made if it is missing."""
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise ProfileError(
            f"{folder}: no place for a voice profile ({reason(error)}); name another with --profile"
        ) from error
    try:
        with suppress(OSError):  # some network file systems can't lock a folder
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
