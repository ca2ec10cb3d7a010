"""Figures: their arithmetic, their pictures, their tables."""
