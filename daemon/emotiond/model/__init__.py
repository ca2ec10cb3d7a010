"""The model file: its contract; reading, writing and running it."""
