"""What kills another process, to see what becomes of its work."""

import os


class Deadly:
    """Kills a process that it is sent to, while that process reads it."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (1,)
