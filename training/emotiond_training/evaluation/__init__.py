"""What a recipe is worth: rounds, calibration and scores."""
