"""The evaluation card: ``EVALUATION.md``, its pictures, and ``metrics.json``."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from emotiond_training.card.live import live_section
from emotiond_training.card.taught import taught_section
from emotiond_training.evaluation.calibration import (
    FALLBACK_COVERAGE,
    Calibration,
)
from emotiond_training.evaluation.scores import Evaluation, Outcome, Row, as_json
from emotiond_training.evaluation.trunk import ALLOWED, CHECKED
from emotiond_training.figures.markdown import table
from emotiond_training.figures.plots import (
    Curve,
    plot_confusion,
    plot_reliability,
    plot_risk_coverage,
)
from emotiond_training.live.results import Live
from emotiond_training.splits.protocols import PROTOCOLS

CARD: Final = "EVALUATION.md"
METRICS: Final = "metrics.json"
PICTURES: Final = "evaluation"
"""Folder of the pictures, beside the card."""

FIGURES: Final = (
    "protocol | corpus tested | UAR | 95 % interval | chance | accuracy | ECE | precision "
    "| coverage | int8 - float32 | recordings | speakers | no speech"
)
ROBUSTNESS: Final = (
    "protocol | corpus tested | UAR | 30 dB quieter | 10 dB louder, clipped | largest loss"
)
CALIBRATION: Final = (
    "round | recordings | speakers | temperature | NLL before | NLL after | abstains below "
    "| precision | coverage"
)


def write_card(out: Path, evaluation: Evaluation, live: Live | None = None) -> None:
    """Write the card, its pictures and the figures as JSON to a folder.

    Parameters
    ----------
    out : Path
        Folder of the card, which must exist.
    evaluation : Evaluation
        All figures of the recipe.
    live : Live, optional
        Figures of the live protocols.
    """
    (out / PICTURES).mkdir(exist_ok=True)
    text = msgspec.json.format(msgspec.json.encode(as_json(evaluation)), indent=1)
    (out / METRICS).write_bytes(text + b"\n")
    pictures = _draw(out / PICTURES, evaluation)
    (out / CARD).write_text(card_text(evaluation, pictures, live), encoding="utf-8")


def card_text(evaluation: Evaluation, pictures: Sequence[str], live: Live | None = None) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    evaluation : Evaluation
        All figures of the recipe.
    pictures : sequence of str
        Names of the pictures in ``evaluation/``, without ``.png``.
    live : Live, optional
        Figures of the live protocols.
    """
    rows = [each.row for each in evaluation.outcomes]
    sections = [
        "# Evaluation",
        _introduction(evaluation),
        "## Figures",
        table(FIGURES, [_figures(row) for row in rows]),
        _explanation(rows),
    ]
    robust = [row for row in rows if row.quiet_uar is not None and row.loud_uar is not None]
    if robust:
        sections += [
            "## Robustness",
            "The same test recordings through the same int8 files, 30 dB quieter, and 10 dB louder "
            "with clipping.",
            table(ROBUSTNESS, [_robustness(row) for row in robust]),
        ]
    if evaluation.taught:
        sections.append(taught_section(evaluation.taught))
    if live is not None:
        sections.append(live_section(live))
    shipping, wanted = evaluation.shipping, f"{evaluation.recipe.precision:.0%}"
    sections += [
        "## Calibration",
        "Temperature and threshold of each round come from speakers who are in neither its "
        "training nor its tests; every corpus has the same weight. The threshold is the lowest "
        f"confidence with {wanted} precision. If there is none, it is the one with the "
        f"highest precision that keeps {FALLBACK_COVERAGE:.0%} of the recordings.",
        table(
            f"{CALIBRATION} | {wanted} reached",
            [_calibration(name, each) for name, each in evaluation.calibrations.items()],
        ),
        f"A model that is trained on all recordings takes the medians: temperature "
        f"{shipping.temperature:.3f}, abstains below {shipping.abstain_below:.3f}.",
        "## Pictures",
        "\n\n".join(f"![{name}]({PICTURES}/{name}.png)" for name in pictures),
    ]
    return "\n\n".join(sections) + "\n"


def _introduction(evaluation: Evaluation) -> str:
    return (
        f"{_heard_by(evaluation)} Every figure names its protocol. The protocol says what the "
        "training lacked. A leak checker "
        "refuses a round if its tests share a file, or the content of a file, with its training or "
        "calibration, or a speaker, a word or a corpus that the protocol leaves unseen. Test "
        "recordings neither ended nor chose a training: the weights of its last step are tested. "
        "This card does not know which recordings were used to choose the recipe and the engine's "
        "settings.\n\n"
        "All corpora train together, without the part that a protocol leaves unseen. Folds of "
        f"different protocols share a training where possible: {len(evaluation.calibrations)} "
        "trainings of one recipe gave these figures. A shipped model is then trained on all "
        "recordings and has no figures of its own.\n\n" + _protocols(evaluation)
    )


def _heard_by(evaluation: Evaluation) -> str:
    """Return what heard the test recordings, as sentences."""
    if not evaluation.recipe.frozen:
        return "The exported int8 file heard each test recording, in the engine of the daemon."
    return (
        "The exported file of the fixed layers heard each test recording, in the engine of the "
        "daemon. The classifier of each round answered from its embeddings. The exported file of "
        f"each round, layers and classifier together, heard {CHECKED} of the recordings as a "
        f"check: its probabilities differ by at most {ALLOWED} on average."
    )


def _protocols(evaluation: Evaluation) -> str:
    names = dict.fromkeys(each.row.protocol for each in evaluation.outcomes)
    return "\n".join(f"- `{name}`: {PROTOCOLS[name].meaning}" for name in names)


def _explanation(rows: Sequence[Row]) -> str:
    answers = sorted({row.answers for row in rows})
    chances = " or ".join(f"{1 / each:.1%} ({each} answers)" for each in answers)
    return (
        "UAR is the unweighted average recall over the emotions of the tested corpus. The model "
        "may answer with any of its labels, also with one that the corpus lacks, so guessing gives "
        f"{chances}: the column *chance*. A recording in which the engine finds no speech counts "
        "as wrong. The interval is a bootstrap over speakers if the protocol leaves speakers or "
        "corpora unseen, otherwise over recordings; with two speakers it means little. ECE is the "
        "expected calibration error (15 bins). Precision is the share of right answers among the "
        "recordings whose confidence reaches the threshold; coverage is the share of recordings "
        "that reach it. *int8 - float32* is the difference in UAR to the float32 file of the same "
        "training." + _shared_texts(rows)
    )


def _shared_texts(rows: Sequence[Row]) -> str:
    """Return sentences on the UAR without texts that occur with one emotion only."""
    figures: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row.shared_text_uar is not None:
            figures[row.corpus].append(
                f"**{row.shared_text_uar:.1%}** (`{row.protocol}`, {row.shared_text_clips})"
            )
    return "".join(
        f" Some sentences of {corpus} occur with one emotion only, so their words may reveal it: "
        f"over the recordings of other sentences the UAR is {', '.join(found)}."
        for corpus, found in figures.items()
    )


def _figures(row: Row) -> list[str]:
    return [
        f"`{row.protocol}`",
        row.corpus,
        f"**{row.uar:.1%}**",
        f"{row.uar_low:.1%} to {row.uar_high:.1%} ({row.interval_over})",
        f"{1 / row.answers:.1%}",
        f"{row.accuracy:.1%}",
        f"{row.ece:.3f}",
        "-" if row.precision is None else f"{row.precision:.1%}",
        f"{row.coverage:.1%}",
        "-" if row.float32_uar is None else f"{100 * (row.uar - row.float32_uar):+.1f} points",
        str(row.clips),
        str(row.speakers or "unknown"),
        str(row.no_speech),
    ]


def _robustness(row: Row) -> list[str]:
    others = [each for each in (row.quiet_uar, row.loud_uar) if each is not None]
    return [
        f"`{row.protocol}`",
        row.corpus,
        f"{row.uar:.1%}",
        *(f"{each:.1%}" for each in others),
        f"{100 * max(0.0, row.uar - min(others)):.1f} points",
    ]


def _calibration(name: str, found: Calibration) -> list[str]:
    cells = [name, str(found.clips), str(found.speakers), f"{found.temperature:.3f}"]
    threshold = f"{found.abstain_below:.3f}"
    if not found.clips:
        # No corpus could spare a speaker: the threshold is the recipe's.
        return [*cells, "-", "-", threshold, "-", "-", "-"]
    return [
        *cells,
        f"{found.nll_before:.3f}",
        f"{found.nll_after:.3f}",
        threshold,
        f"{found.precision:.1%}",
        f"{found.coverage:.1%}",
        "yes" if found.reached else "no",
    ]


def _draw(folder: Path, evaluation: Evaluation) -> list[str]:
    """Draw all pictures and return their names, without ``.png``."""
    names = []
    by_protocol: dict[str, list[Outcome]] = defaultdict(list)
    for each in evaluation.outcomes:
        by_protocol[each.row.protocol].append(each)
    for protocol, outcomes in by_protocol.items():
        curves: dict[str, Curve] = {
            each.row.corpus: (each.confidence, each.right) for each in outcomes
        }
        plot_reliability(folder / f"reliability-{protocol}.png", curves, protocol)
        plot_risk_coverage(folder / f"risk-coverage-{protocol}.png", curves, protocol)
        names += [f"reliability-{protocol}", f"risk-coverage-{protocol}"]
    for each in evaluation.outcomes:
        name = f"confusion-{each.row.protocol}-{each.row.corpus}"
        title = f"{each.row.protocol}, {each.row.corpus}: int8 file and engine"
        plot_confusion(folder / f"{name}.png", each.confusion, each.labels, title)
        names.append(name)
    return names
