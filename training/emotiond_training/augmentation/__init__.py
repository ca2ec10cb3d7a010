"""Augmentation: other rooms, voices, noises and microphones, so that strangers are understood."""
