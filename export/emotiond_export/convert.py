"""From Keras to TFLite flatbuffers, float32 and full-integer int8."""

from typing import Any

from emotiond.errors import EmotiondError
from emotiond.streams import quiet_stderr
from emotiond_export.training_run import Features


def logits_model(model: Any) -> Any:
    """Take the softmax off a model's last layer.

    Parameters
    ----------
    model : keras.Model
        It is not changed.

    Returns
    -------
    keras.Model
        The same network with logits for its output.

    Raises
    ------
    EmotiondError
        If its last layer has no softmax.
    """
    import keras

    if getattr(model.layers[-1], "activation", None) is not keras.activations.softmax:
        raise EmotiondError("the network's last layer has no softmax activation to take off")
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.layers[-1].activation = keras.activations.linear
    return copy


def to_tflite(logits: Any, representative: Features | None = None) -> bytes:
    """Convert a model for one window at a time.

    Parameters
    ----------
    logits : keras.Model
        From features [shape=(1, frames, n_mfcc)] to logits [shape=(1, labels)].
    representative : np.ndarray [shape=(windows, frames, n_mfcc), dtype=float32], optional
        Inputs of the network to find the ranges of int8 by; float32 without.

    Returns
    -------
    bytes
        The flatbuffer; with ``representative`` all of it is int8, input and output too.
    """
    import tensorflow as tf

    # Weights as constants: the converter would leave variables in that have no value yet.
    trained = [tf.constant(weight.numpy()) for weight in logits.trainable_variables]
    fixed = [tf.constant(weight.numpy()) for weight in logits.non_trainable_variables]
    # A fixed batch of one: no shape is computed at run time.
    signature = tf.TensorSpec((1, *logits.input_shape[1:]), tf.float32)
    function = tf.function(lambda features: logits.stateless_call(trained, fixed, features)[0])
    concrete = function.get_concrete_function(signature)
    with quiet_stderr():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], logits)
        if representative is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: ([row[None]] for row in representative)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
            # tflite-runtime 2.14 knows no dense layers with a scale for each channel.
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        return bytes(converter.convert())
