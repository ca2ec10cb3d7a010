"""The memory of a daemon: its last utterances, and no more."""

import numpy as np
import pytest

from emotiond.errors import EmotiondError, InputError
from emotiond.model.output import Output
from emotiond.record import Utterance
from emotiond.service.memory import Heard, Memory


def heard(number: int) -> Heard:
    utterance = Utterance(
        id=f"5f3a9c1e-{number}",
        model="abcd",
        start=0.0,
        end=1.0,
        state="uncertain",
        label=None,
        confidence=0.4,
        probabilities={},
    )
    return Heard(utterance, Output(np.zeros(3, np.float32)))


def test_only_the_last_utterances_are_remembered() -> None:
    memory = Memory(3)
    for number in range(1, 6):
        memory.add(heard(number))
        assert len(memory) == min(number, 3)
        assert memory.find(None).utterance.id == f"5f3a9c1e-{number}"
    for number in (3, 4, 5):
        assert memory.find(f"5f3a9c1e-{number}").utterance.id == f"5f3a9c1e-{number}"
    with pytest.raises(InputError, match=r"no utterance 5f3a9c1e-2 is in memory: .* last 3 "):
        memory.find("5f3a9c1e-2")


@pytest.mark.parametrize("utterance", [None, "5f3a9c1e-1"])
def test_before_the_first_utterance_one_sentence_says_so(utterance: str | None) -> None:
    with pytest.raises(EmotiondError, match="there was no utterance yet"):
        Memory().find(utterance)
