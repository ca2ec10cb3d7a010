"""What the program costs on this machine."""
