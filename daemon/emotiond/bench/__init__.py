"""Measures what the program costs on this machine."""
