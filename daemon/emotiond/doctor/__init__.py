"""Finds out what is wrong on a machine, and how to mend it."""
