"""The card's section on models as they are live."""

from emotiond_training.figures.markdown import table
from emotiond_training.live.nonspeech import NonSpeech
from emotiond_training.live.results import Live
from emotiond_training.live.streaming import Streamed

STREAMING = (
    "voice over room | recordings | UAR alone | UAR in the stream | missed | invented "
    "| label changes a minute | seconds to a right label | to a stable label | never right "
    "| time with a wrong label | uncertain | last label is the verdict"
)


def live_section(live: Live) -> str:
    """Return the section of a card as Markdown."""
    parts = [
        "## Live",
        "The settings of the gate and of the decision were chosen with recordings that are used "
        "here, too (docs/GATE.md tells how): this section may flatter.",
    ]
    if live.streaming:
        parts += [
            "`streaming`: recordings of strangers on a time line with random pauses, in room "
            "noise from the half of the recordings that no training of an evaluation mixes in, "
            "through the engine. A missed recording counts as wrong. *Continuous* is long "
            "speech of one person in one emotion, in a silent room." + _shares(len(live.models)),
            table(STREAMING, [_streamed(row) for row in live.streaming]),
        ]
    if live.non_speech is not None:
        parts.append(_non_speech(live.non_speech))
    return "\n\n".join(parts)


def _shares(models: int) -> str:
    """Say who heard what."""
    return "" if models == 1 else f" {models} models of the rows above heard a share each."


def _streamed(row: Streamed) -> list[str]:
    return [
        "continuous" if row.snr_db is None else f"{row.snr_db:g} dB",
        str(row.clips),
        "-" if row.clip_uar is None else f"{row.clip_uar:.1%}",
        f"**{row.uar:.1%}**",
        str(row.missed),
        str(row.invented),
        f"{row.changes_a_minute:.1f}",
        seconds(row.seconds_to_right),
        seconds(row.seconds_to_stable),
        f"{row.never_right:.0%}",
        *(share(each) for each in (row.wrong, row.uncertain, row.agreement)),
    ]


def seconds(delay: float | None) -> str:
    """Return a median delay as text."""
    return "never" if delay is None else f"{delay:.1f}"


def share(part: float | None) -> str:
    """Return a share as text; None was not measured."""
    return "-" if part is None else f"{part:.0%}"


def _non_speech(found: NonSpeech) -> str:
    heard, unheard = found.emotions_an_hour_by_half
    worst = ", ".join(
        f"{each.category.replace('_', ' ')} {each.emotions}"
        for each in found.categories
        if each.emotions
    )
    each_model = ", ".join(f"{rate:.1f}" for rate in found.emotions_an_hour_by_model)
    models = len(found.emotions_an_hour_by_model)
    text = (
        f"`non-speech`: **{found.emotions_an_hour:.1f} false emotions an hour** in "
        f"{found.hours:.2f} hours of room noise and music ({heard:.1f} in the half of the "
        f"recordings that training may have mixed in, {unheard:.1f} in the other)"
    )
    if models > 1:
        text += f", the mean of {models} models ({each_model})"
    text += f": {worst}." if worst else "."
    if found.ordinary is not None:
        said = ", ".join(f"{label} {count}" for label, count in found.ordinary.labels.items())
        text += (
            f" Of {found.ordinary.utterances} utterances in {found.ordinary.hours:.2f} hours of "
            f"ordinary, unacted speech {found.ordinary.utterances_marked:.0%} were neither neutral "
            f"nor uncertain ({said})."
        )
    return text
