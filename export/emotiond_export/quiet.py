"""TensorFlow without its chatter: it writes to stderr from C++, past every Python setting."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def stderr_silenced() -> Iterator[None]:
    """Send the process's stderr nowhere meanwhile; Python exceptions are raised as ever."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def import_tensorflow() -> None:
    """Import TensorFlow and Keras on it, silently; call this before the first ``import keras``."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Faster on some machines, but rounds differently from run to run.
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    with stderr_silenced():
        import keras
        import tensorflow  # noqa: F401

        keras.utils.disable_interactive_logging()
