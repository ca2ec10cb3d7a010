"""The card: what a model can do, for whoever uses it."""
