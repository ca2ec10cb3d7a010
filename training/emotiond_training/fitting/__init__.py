"""Fitting: from clips to a trained network and the folder of its run."""
