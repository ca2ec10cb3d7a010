"""The commands of the program, one module each: flags in, exit code out."""
