"""A daemon that says, live, which emotion a voice carries."""

from typing import Final

__version__: Final = "0.1.0"
