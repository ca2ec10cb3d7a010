"""Export: a trained Keras model becomes one TFLite file with its contract inside."""
