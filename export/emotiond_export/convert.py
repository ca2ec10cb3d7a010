"""Conversion of Keras models to TFLite flatbuffers: float32, or int8 throughout."""

from typing import Any

from emotiond.errors import EmotiondError
from emotiond.streams import quiet_stderr
from emotiond_export.training_run import Features


def logits_model(model: Any) -> Any:
    """Return a copy of a model without the softmax of its last layer.

    Parameters
    ----------
    model : keras.Model
        A model with probabilities as output; left unchanged.

    Returns
    -------
    keras.Model
        The same network with logits as output.

    Raises
    ------
    EmotiondError
        If the last layer has no softmax.
    """
    import keras

    if getattr(model.layers[-1], "activation", None) is not keras.activations.softmax:
        raise EmotiondError(
            "the network's last layer has no softmax; export needs one, to replace it with logits"
        )
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.layers[-1].activation = keras.activations.linear
    return copy


def to_tflite(logits: Any, representative: Features | None = None) -> bytes:
    """Convert a model to a flatbuffer that takes one window at a time.

    Parameters
    ----------
    logits : keras.Model
        Input: normalised features [shape=(1, frames, n_mfcc)]. Output: logits [shape=(1, labels)].
    representative : np.ndarray [shape=(windows, frames, n_mfcc), dtype=float32], optional
        Normalised features of typical windows, on which the ranges of int8 are found.

    Returns
    -------
    bytes
        The flatbuffer: with ``representative`` int8, including input and output; else float32.
    """
    import tensorflow as tf

    # Weights become constants: the converter would keep variables, without their values.
    trained = [tf.constant(weight.numpy()) for weight in logits.trainable_variables]
    fixed = [tf.constant(weight.numpy()) for weight in logits.non_trainable_variables]
    # With a fixed batch of one, no shape is computed at run time.
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
            # tflite-runtime 2.14 has no int8 dense layers with a scale for each channel.
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        return bytes(converter.convert())
