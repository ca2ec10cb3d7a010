"""Which recordings train and which test, and the check that they share nothing."""
