"""The card's section on taught voices."""

from collections.abc import Iterable, Sequence
from typing import Final

from emotiond_training.evaluation.taught import HOUSEHOLD, HOUSEHOLD_COUNT, PARTIAL_COUNT
from emotiond_training.evaluation.teaching import Taught
from emotiond_training.figures.markdown import table

COLUMNS: Final = ("corpus", "speakers", "apart by")
PARTIAL: Final = "corpus | speakers | untaught | ordinary voice alone | another label alone"
HOUSEHOLDS: Final = "corpus | speakers | untaught | one profile | a profile each"


def taught_section(taught: Sequence[Taught]) -> str:
    """Return the section as Markdown."""
    sections = [
        "## Taught voices",
        "A speaker whom the model never heard teaches it so many recordings of each label, and is "
        "tested on the others. Taught and tested recordings share no file and, where a speaker has "
        "enough of them, no text. Answers are among the labels of the corpus, so the untaught "
        "figures are higher than those above. UAR is the mean over the speakers, with a 95 % "
        "bootstrap interval over them, and over five draws of the taught recordings.",
    ]
    for each in taught:
        sections += [f"### {each.unseen.capitalize()} never heard", _rows(each)]
        if calibration := _calibration(each):
            sections += ["Calibration error (ECE) of the taught heads:", calibration]
        if each.households:
            sections += [
                f"{HOUSEHOLD} speakers who teach {HOUSEHOLD_COUNT} recordings of each label into "
                "one profile, without a word on who speaks:",
                _plain(
                    HOUSEHOLDS,
                    (
                        (row.corpus, row.speakers, (row.untaught, row.uar, row.own))
                        for row in each.households
                    ),
                ),
            ]
        if each.partial:
            sections += [
                f"{PARTIAL_COUNT} recordings of one label alone, tested on all labels: of the "
                "ordinary voice (neutral), or of another label, which is drawn:",
                _plain(
                    PARTIAL,
                    (
                        (row.corpus, row.speakers, (row.untaught, row.ordinary, row.other))
                        for row in each.partial
                    ),
                ),
            ]
    return "\n\n".join(sections)


def _rows(taught: Taught) -> str:
    """Return the table of speakers with a profile of their own."""
    corpora = dict.fromkeys(row.corpus for row in taught.rows)
    counts = sorted({row.count for row in taught.rows})
    lines = []
    for corpus in corpora:
        rows = [row for row in taught.rows if row.corpus == corpus]
        first = rows[0]
        figures = [f"{row.uar:.1%} ({row.uar_low:.1%} to {row.uar_high:.1%})" for row in rows]
        lines.append([corpus, str(first.speakers), first.apart, *figures])
    columns = (*COLUMNS, *(f"{count} taught" if count else "untaught" for count in counts))
    return table(" | ".join(columns), lines)


def _calibration(taught: Taught) -> str:
    """Return the table of calibration errors; empty if none was measured."""
    rows = [row for row in taught.rows if row.ece is not None]
    counts = sorted({row.count for row in rows})
    lines = [
        [corpus, *(f"{row.ece:.3f}" for row in rows if row.corpus == corpus)]
        for corpus in dict.fromkeys(row.corpus for row in rows)
    ]
    columns = ("corpus", *(f"{count} taught" for count in counts))
    return table(" | ".join(columns), lines) if lines else ""


def _plain(heading: str, rows: Iterable[tuple[str, int, tuple[float, ...]]]) -> str:
    """Return a table of corpora, numbers of speakers and shares."""
    lines = [[name, str(count), *(f"{each:.1%}" for each in found)] for name, count, found in rows]
    return table(heading, lines)
