"""Evaluation card: what a model can do, for its users."""
