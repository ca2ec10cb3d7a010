"""Conversion of Keras models to TFLite flatbuffers: float32, int8 throughout, or dynamic-range."""

from typing import Any

from emotiond.errors import EmotiondError
from emotiond.streams import quiet_stderr
from emotiond_export.training_run import EMBEDDING, Features, Quantisation, has_embedding


def network_of(model: Any) -> Any:
    """Return the network to export: a copy with logits in place of probabilities.

    Parameters
    ----------
    model : keras.Model
        A model with probabilities as output; left unchanged.

    Returns
    -------
    keras.Model
        The same network with named outputs: ``logits``, and ``embedding`` if it has a layer of that
        name.

    Raises
    ------
    EmotiondError
        If the last layer has no softmax, or if the embedding is not one row of numbers a window.
    """
    import keras

    if getattr(model.layers[-1], "activation", None) is not keras.activations.softmax:
        raise EmotiondError(
            "the network's last layer has no softmax; export needs one, to replace it with logits"
        )
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    copy.layers[-1].activation = keras.activations.linear
    outputs = {"logits": copy.outputs[0]}
    if has_embedding(model):
        outputs[EMBEDDING] = copy.get_layer(EMBEDDING).output
        shape = outputs[EMBEDDING].shape
        if len(shape) != 2 or shape[1] is None:
            raise EmotiondError(
                f"the layer {EMBEDDING} gives numbers of shape {list(shape[1:])} for a window; "
                "an embedding must be one row of numbers"
            )
    return keras.Model(copy.inputs, outputs)


def to_tflite(
    network: Any, quantisation: Quantisation | None = None, representative: Features | None = None
) -> bytes:
    """Convert a network to a flatbuffer that takes one window at a time.

    Parameters
    ----------
    network : keras.Model
        Input: normalised features [shape=(1, frames, n_mfcc)]. Outputs by name, a row each: logits
        [shape=(1, labels)], embedding [shape=(1, size)].
    quantisation : {"int8", "dynamic"} or None
        ``int8``: weights, activations, input and outputs are int8. ``dynamic``: weights are int8,
        all else float32. None: all is float32.
    representative : np.ndarray [shape=(windows, frames, n_mfcc), dtype=float32], optional
        Normalised features of typical windows, on which the ranges of ``int8`` are found.

    Returns
    -------
    bytes
        The flatbuffer, whose signature has the names of the outputs.
    """
    import tensorflow as tf

    # Weights become constants: the converter would keep variables, without their values.
    trained = [tf.constant(weight.numpy()) for weight in network.trainable_variables]
    fixed = [tf.constant(weight.numpy()) for weight in network.non_trainable_variables]
    # With a fixed batch of one, no shape is computed at run time.
    signature = tf.TensorSpec((1, *network.input_shape[1:]), tf.float32)
    function = tf.function(lambda features: network.stateless_call(trained, fixed, features)[0])
    concrete = function.get_concrete_function(signature)
    with quiet_stderr():
        converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], network)
        if quantisation is not None:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if quantisation == "int8" and representative is not None:
            converter.representative_dataset = lambda: ([row[None]] for row in representative)
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = converter.inference_output_type = tf.int8
            # tflite-runtime 2.14 has no int8 dense layers with a scale for each channel.
            converter._experimental_disable_per_channel_quantization_for_dense_layers = True
        return bytes(converter.convert())
