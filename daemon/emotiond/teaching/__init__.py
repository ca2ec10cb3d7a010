"""Guided teaching in a terminal: sentences to say, and scenes that say how."""
