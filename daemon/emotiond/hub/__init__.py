"""The hub: shows running daemons in the browser; a process without a microphone."""
