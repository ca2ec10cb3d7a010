"""TensorFlow, imported silently and without the user's settings of Keras."""

import os

from emotiond.streams import quiet_stderr


def import_tensorflow() -> None:
    """Import TensorFlow and Keras silently, with TensorFlow as backend.

    Call this before the first ``import keras``. The user's ``keras.json`` changes nothing: numbers
    are float32, and channels come last.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    # Keras reads keras.json from its home when it is imported, and a wrong value is an error.
    os.environ["KERAS_HOME"] = os.devnull
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # TensorFlow writes to stderr from C++, past every Python setting.
    with quiet_stderr():
        import keras
        import tensorflow  # noqa: F401

        keras.utils.disable_interactive_logging()
    # Keras may have been imported before.
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")
    keras.config.set_image_data_format("channels_last")
    keras.config.set_epsilon(1e-7)
