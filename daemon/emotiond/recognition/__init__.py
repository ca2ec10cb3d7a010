"""Pure: samples in, records out. No clock, no thread, no file, no device."""
