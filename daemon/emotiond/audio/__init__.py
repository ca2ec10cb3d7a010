"""Sound on its way in: arrays, files, pipes, devices, the microphone."""
