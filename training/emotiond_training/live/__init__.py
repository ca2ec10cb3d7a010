"""A model as it is live: streams with pauses and noise, and what is said where nobody speaks."""
