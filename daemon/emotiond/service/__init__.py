"""The daemon: its loop, overload, reload, signals, systemd."""
