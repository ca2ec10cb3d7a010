"""``emotiond teach``: teach the model voices and sounds of one's own; list and forget examples."""
