"""Where records go: the log, the live socket, the journal, and all of them at once."""
