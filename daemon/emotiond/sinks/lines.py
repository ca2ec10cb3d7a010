"""Lines from a connection, each bounded in size and in time."""

import socket
import time


class Lines:
    """Reads lines from a connection.

    Parameters
    ----------
    connection : socket
        A connection; its timeout is changed.
    most : int
        Longest line (bytes).
    seconds : float
        Longest time that a line may take (s).
    """

    def __init__(self, connection: socket.socket, most: int, seconds: float) -> None:
        self._connection = connection
        self._most = most
        self._seconds = seconds
        self._rest = b""
        self._ended = False

    def next(self) -> bytes | None:
        """Return the next line without its line break; None at the end of the connection.

        A last line may lack its line break.

        Raises
        ------
        TimeoutError
            If the line is not whole in time.
        OverflowError
            If the line is too long; there are no lines after it.
        OSError
            If the connection breaks.
        """
        if self._ended:
            return None
        until = time.monotonic() + self._seconds
        while b"\n" not in self._rest:
            if len(self._rest) > self._most:
                break
            self._connection.settimeout(max(0.001, until - time.monotonic()))
            data = self._connection.recv(65536)
            if not data:
                line, self._rest = self._rest, b""
                return line or None
            self._rest += data
            if time.monotonic() > until:
                raise TimeoutError(f"a line took longer than {self._seconds:g} seconds")
        line, _, self._rest = self._rest.partition(b"\n")
        if len(line) > self._most:
            self._ended = True
            raise OverflowError(f"a line is longer than {self._most} bytes")
        return line
