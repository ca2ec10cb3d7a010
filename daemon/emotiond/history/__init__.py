"""Logs read back: days, shares, utterances, and the page and the pictures made of them."""
