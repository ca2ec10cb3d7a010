"""Features: from sound to the input of a network."""
