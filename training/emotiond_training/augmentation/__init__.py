"""Other rooms, voices, noises and microphones: how a model learns to understand strangers."""
