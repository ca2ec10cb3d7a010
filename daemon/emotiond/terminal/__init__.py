"""Displays in a terminal: the console, and plain lines."""
