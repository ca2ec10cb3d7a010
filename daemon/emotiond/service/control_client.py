"""The client's end of the control socket."""

import socket
from pathlib import Path
from typing import Final

from emotiond.errors import EmotiondError, InputError, reason
from emotiond.service.requests import Answer, Refused, Request, decode_answer, encode_line
from emotiond.sinks.client import connect
from emotiond.sinks.lines import Lines

LONGEST_ANSWER: Final = 1_000_000
"""A longer line (bytes) is not from emotiond."""
ANSWER_SECONDS: Final = 30.0
"""Longest time that an answer may take (s): the daemon may wait for a disk, and fit a head."""


def ask_at(path: Path, request: Request) -> Answer:
    """Connect to a control socket, send a request and return its answer.

    Raises
    ------
    InputError, EmotiondError
        As of :func:`ask`, or if nothing takes requests there.
    """
    try:
        connection = connect(path)
    except OSError as error:
        raise EmotiondError(f"{path} takes no requests ({reason(error)})") from error
    return ask(connection, request)


def ask(connection: socket.socket, request: Request) -> Answer:
    """Send a request to a daemon and return its answer.

    Parameters
    ----------
    connection : socket
        A connection to a control socket; closed in the end.
    request : Request
        The request.

    Raises
    ------
    InputError
        If the daemon refuses the request as wrong.
    EmotiondError
        If the daemon can't carry it out, or does not answer.
    """
    with connection:
        try:
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(encode_line(request))
            line = Lines(connection, LONGEST_ANSWER, ANSWER_SECONDS).next()
            answer = decode_answer(line or b"")
        except TimeoutError as error:
            raise EmotiondError(
                f"the daemon did not answer within {ANSWER_SECONDS:.0f} seconds; try again"
            ) from error
        except (OSError, ValueError, OverflowError, RecursionError) as error:
            raise EmotiondError(
                "the daemon gave no answer: it is stopping, has too many clients, or is no "
                "emotiond; try again"
            ) from error
    return checked(answer)


def checked(answer: Answer) -> Answer:
    """Return an answer; raises InputError or EmotiondError if it refuses the request."""
    if isinstance(answer, Refused):
        raise (InputError if answer.exit_code == InputError.exit_code else EmotiondError)(
            answer.message
        )
    return answer
