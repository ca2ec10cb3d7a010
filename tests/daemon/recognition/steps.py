"""Steps of a stream, and an engine that performs them."""

from collections.abc import Iterable

from hypothesis import strategies as st

from emotiond.recognition.engine import Engine
from emotiond.record import Record
from tests.daemon.sounds import (
    SCENES,
    cut,
    push_all,
)

Step = tuple[str, float]


steps = st.lists(
    st.tuples(st.sampled_from([*sorted(SCENES), "gap", "finish"]), st.floats(0.0, 2.5)),
    min_size=1,
    max_size=6,
)
"""Steps of a stream: a sound or a gap and its seconds, or an end."""


def perform(engine: Engine, todo: Iterable[Step], into: list[int] | None = None) -> list[Record]:
    """Do the steps, with each sound whole or in blocks of the given sizes, and finish."""
    records: list[Record] = []
    for what, seconds in todo:
        if what == "gap":
            records += engine.gap(round(seconds * 1000))
        elif what == "finish":
            records += engine.finish()
        else:
            sound = SCENES[what](seconds)
            records += push_all(engine, [sound] if into is None else cut(sound, into))
    return records + engine.finish()
