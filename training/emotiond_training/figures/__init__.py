"""Figures: metrics, plots and Markdown tables."""
