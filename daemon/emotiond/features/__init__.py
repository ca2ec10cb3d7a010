"""From sound to what a network sees."""
