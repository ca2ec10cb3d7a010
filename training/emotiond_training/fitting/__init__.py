"""Training: materials, windows, and the fit."""
