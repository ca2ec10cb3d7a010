"""Which emotion a voice carries, live.

>>> import emotiond
>>> with emotiond.Listener() as listener:  # doctest: +SKIP
...     for record in listener:
...         print(record)

Names are loaded when they are first used, so importing the package costs next to nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from emotiond import errors, testing
    from emotiond.api import classify, load_model
    from emotiond.listener import Listener
    from emotiond.model.runtime import Classifier
    from emotiond.recognition.engine import Engine
    from emotiond.recognition.recording import Verdict
    from emotiond.record import Correction, Meter, Prediction, Record, Status, Utterance
    from emotiond.settings import Settings

__version__: Final = "0.1.0"

__all__ = [
    "Classifier",
    "Correction",
    "Engine",
    "Listener",
    "Meter",
    "Prediction",
    "Record",
    "Settings",
    "Status",
    "Utterance",
    "Verdict",
    "classify",
    "errors",
    "load_model",
    "testing",
]

_MODULES: Final = {
    "Classifier": "model.runtime",
    "Correction": "record",
    "Engine": "recognition.engine",
    "Listener": "listener",
    "Meter": "record",
    "Prediction": "record",
    "Record": "record",
    "Settings": "settings",
    "Status": "record",
    "Utterance": "record",
    "Verdict": "recognition.recording",
    "classify": "api",
    "load_model": "api",
}
"""Where each public name is defined; ``errors`` and ``testing`` are modules themselves."""


def __getattr__(name: str) -> Any:
    """Load a public name."""
    if name not in __all__:
        raise AttributeError(f"module 'emotiond' has no attribute {name!r}")
    module = importlib.import_module(f"emotiond.{_MODULES.get(name, name)}")
    return getattr(module, name) if name in _MODULES else module


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted({*globals(), *__all__})
