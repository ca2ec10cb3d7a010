"""Annotations of recordings: time and emotion of each utterance, as text and as a picture."""
