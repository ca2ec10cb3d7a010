"""Evaluation of a recipe: rounds of training and test, calibration, and scores."""
