"""The view: what a frame shows large is never less probable than what it shows small beside it."""

import io
import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from emotiond.recognition.engine import Engine
from emotiond.record import Prediction, Utterance
from emotiond.terminal.layout import render
from emotiond.terminal.view import View
from emotiond.testing import FakeModel
from tests.daemon.sounds import silence, speech

LABELS = ("angry", "happy", "neutral", "sad")


def text_of(view: View) -> str:
    """Return a frame as plain text."""
    console = Console(file=io.StringIO(), width=80, height=24, color_system=None)
    console.print(render(view, 80, 24))
    return console.file.getvalue()


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), sharpness=st.sampled_from([0.05, 0.3, 1.0, 10.0]))
def test_no_record_and_no_frame_contradicts_itself(seed: int, sharpness: float) -> None:
    generator = np.random.default_rng(seed)

    def answer(_window: np.ndarray) -> np.ndarray:
        return generator.dirichlet([sharpness] * len(LABELS)).astype(np.float32)

    threshold = float(generator.uniform(0.2, 0.9))
    engine = Engine(FakeModel(LABELS, answer, abstain_below=threshold))
    view = View(labels=LABELS, title="emotiond")
    scene = np.concatenate([speech(20.0), silence(2.0), speech(3.0), silence(2.0), speech(1.0)])
    for record in engine.push(scene) + engine.finish():
        assert isinstance(record, Prediction | Utterance)
        if record.state == "emotion":
            best = max(record.probabilities.values())
            assert record.probabilities[record.label] == record.confidence == best >= threshold
        view = view.after(record)
        large = re.search(r"● (\w+)  (\d+)%", text_of(view))
        assert (large is not None) == (view.state == "emotion")
        if large is not None:
            percents = [
                int(each) for each in re.findall(r"^ [▶ ] \w \w+ .* (\d+)%$", text_of(view), re.M)
            ]
            assert int(large[2]) == max(percents)
