"""Live protocols: speech in a noisy stream, and false emotions in sounds that are no speech."""
