"""Recognition, pure: samples in, records out. No clock, no thread, no file, no device inside."""
