"""Corpora: recordings with their labels, speakers and sentences."""
