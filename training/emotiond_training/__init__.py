"""Corpora, splits, networks, training and evaluation: what makes a Keras model and measures it."""
