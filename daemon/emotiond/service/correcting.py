"""Corrections as a person makes them: the keys of the console, and the sentence that answers."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from emotiond.errors import EmotiondError
from emotiond.record import By
from emotiond.service.requests import Answer, Changed, Correct, Refused, Undo
from emotiond.terminal.keys import Key, Keys
from emotiond.text import counted

DIGITS: Final = "123456789"
"""Keys of the labels, in the model's order."""
UNDO: Final = "u"

Ask = Callable[[Correct | Undo], Answer]
"""Sends a request to the daemon; may raise EmotiondError in place of a refusal."""


def correcting_keys(ask: Ask, labels: tuple[str, ...]) -> Keys:
    """Return the keys that correct the last utterance; ``u`` takes the correction back.

    Parameters
    ----------
    ask : callable
        Sends a request to the daemon.
    labels : tuple of str
        Labels in the model's order; those beyond the ninth have no key.
    """
    by: By = "terminal"

    def key(words: str, request: Correct | Undo) -> Key:
        return Key(words, lambda: sentence_of(ask, request))

    keys = {
        digit: key(f"was {label}", Correct(label=label, by=by))
        for digit, label in zip(DIGITS, labels, strict=False)
    }
    return {**keys, UNDO: key("undo", Undo(by=by))}


def sentence_of(ask: Ask, request: Correct | Undo) -> str:
    """Send a request and return its result, in one sentence."""
    try:
        answer = ask(request)
    except EmotiondError as error:
        return str(error)
    return answer.message if isinstance(answer, Refused) else in_words(answer)


def in_words(answer: Answer) -> str:
    """Return the effect of a correction, or of an undo, in one sentence."""
    if not isinstance(answer, Changed):
        raise EmotiondError("the daemon gave an answer of another kind; upgrade both programs")
    utterance = answer.utterance
    when = datetime.fromisoformat(utterance.time).astimezone()
    which = f"utterance {when:%H:%M:%S}, {utterance.end - utterance.start:.1f} s"
    done = f"corrected: {answer.label}" if answer.label else "correction taken back"
    sentence = f"{done}, was {answer.was} ({which}); {counted(answer.examples, 'example')}"
    return sentence if answer.problem is None else f"{sentence}; {answer.problem}"
