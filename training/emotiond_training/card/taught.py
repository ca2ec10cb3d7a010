"""The card's section on taught voices."""

from collections.abc import Sequence
from typing import Final

from emotiond_training.evaluation.taught import COUNTS, HOUSEHOLD, HOUSEHOLD_COUNT
from emotiond_training.evaluation.teaching import Taught
from emotiond_training.figures.markdown import table

COLUMNS: Final = " | ".join(
    ["corpus", "speakers", "apart by", *(f"{n} taught" if n else "untaught" for n in COUNTS)]
)
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
        if each.households:
            sections += [
                f"{HOUSEHOLD} speakers who teach {HOUSEHOLD_COUNT} recordings of each label into "
                "one profile, without a word on who speaks:",
                _households(each),
            ]
    return "\n\n".join(sections)


def _rows(taught: Taught) -> str:
    """Return the table of speakers with a profile of their own."""
    corpora = dict.fromkeys(row.corpus for row in taught.rows)
    lines = []
    for corpus in corpora:
        rows = [row for row in taught.rows if row.corpus == corpus]
        first = rows[0]
        figures = [f"{row.uar:.1%} ({row.uar_low:.1%} to {row.uar_high:.1%})" for row in rows]
        lines.append([corpus, str(first.speakers), first.apart, *figures])
    return table(COLUMNS, lines)


def _households(taught: Taught) -> str:
    lines = []
    for row in taught.households:
        figures = [f"{each:.1%}" for each in (row.untaught, row.uar, row.own)]
        lines.append([row.corpus, str(row.speakers), *figures])
    return table(HOUSEHOLDS, lines)
