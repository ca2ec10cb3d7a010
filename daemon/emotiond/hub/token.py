"""The token: a secret in a file, without which a hub on the network answers nobody."""

import os
import re
import secrets
import stat
from pathlib import Path
from typing import Final

from emotiond.errors import EmotiondError, InputError, reason

BYTES: Final = 32
"""Random bytes of a token."""
TOKEN: Final = re.compile(rb"[\w-]{32,200}")
"""Form of a token: letters that a link can have."""


def token_of(path: Path) -> tuple[str, bool]:
    """Return the token that a file holds, and whether it is new.

    The file is made, with mode 0600, if it is missing.

    Raises
    ------
    InputError
        If the file holds no token, or others may read it.
    EmotiondError
        If the file can't be read or made.
    """
    try:
        try:
            return _read(path), False
        except FileNotFoundError:
            return _made(path), True
    except OSError as error:
        raise EmotiondError(
            f"the hub's token can't be kept in {path}: {reason(error)}; "
            "choose another file with --hub-token-file"
        ) from error


def _read(path: Path) -> str:
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        content = file.read(1000).strip()
    if stat.S_IMODE(mode) & 0o077:
        raise InputError(f"{path}: others may read the hub's token; run: chmod 600 {path}")
    if not TOKEN.fullmatch(content):
        raise InputError(f"{path}: not a token of the hub; delete the file, and a new one is made")
    return content.decode()


def _made(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_urlsafe(BYTES)
    # Opened with its mode, and never if somebody else was faster: no moment in which others read.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{token}\n")
    return token
