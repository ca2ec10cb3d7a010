"""The model file: its contract, reading, writing, running."""
