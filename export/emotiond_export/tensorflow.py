"""Silent import of TensorFlow, whose C++ code writes to stderr whatever Python's settings are."""

import os

from emotiond.streams import quiet_stderr


def import_tensorflow() -> None:
    """Import TensorFlow and Keras silently, with TensorFlow as backend.

    Call this before the first ``import keras``.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import keras
        import tensorflow  # noqa: F401

        keras.utils.disable_interactive_logging()
