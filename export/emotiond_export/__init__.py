"""Export: from a trained Keras model to one TFLite file with its contract inside."""
