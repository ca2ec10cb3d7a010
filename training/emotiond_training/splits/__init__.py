"""Division of recordings into those that train and those that test, checked for leaks."""
