"""TensorFlow without its chatter: it writes to stderr from C++, past every Python setting."""

import os

from emotiond.streams import quiet_stderr


def import_tensorflow() -> None:
    """Import TensorFlow and Keras on it, silently; call this before the first ``import keras``."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import keras
        import tensorflow  # noqa: F401

        keras.utils.disable_interactive_logging()
