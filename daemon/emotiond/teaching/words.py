"""The words of a guided teaching: paragraphs for each step. Pure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, NamedTuple

from emotiond.record import Hello, Utterance
from emotiond.service.requests import Changed
from emotiond.teaching.scenes import scene_of
from emotiond.teaching.sentences import SENTENCES, sentence_of
from emotiond.teaching.session import ORDINARY, ORDINARY_SECONDS, Key, Prompt, Quiet, Rest
from emotiond.terminal.word import percent
from emotiond.text import counted, did_you_mean

KEYS: Final[dict[str, Key]] = {
    "\n": "keep",
    "\r": "keep",
    "r": "again",
    "s": "skip",
    "q": "quit",
}
"""Character -> its meaning."""

NEXT_ROUND: Final = 3
"""Sentences between those of a label in one round and the next, so that no sentence is its own."""

Kind = Literal["head", "say", "plain", "quiet", "alarm"]
"""Heading, words to say, words to read, words that matter less, trouble."""


class Paragraph(NamedTuple):
    """A paragraph."""

    text: str
    kind: Kind = "plain"


Page = tuple[Paragraph, ...]


class Course(NamedTuple):
    """All that the words depend on, beside the step."""

    labels: tuple[str, ...]
    rounds: int
    language: str
    profile: Path | None
    """File of the voice profile; None if a running daemon has it."""
    recordings: Path | None = None
    """Folder of the recordings; None if none are kept."""


def opening(course: Course, hello: Hello, examples: int) -> Page:
    """Return the first words of a session."""
    through = " (through the emotiond that runs)" if course.profile is None else ""
    kept = (
        Paragraph("No sound is stored, only numbers about your voice.", "quiet")
        if course.recordings is None
        else Paragraph(
            f"Recordings of all that you teach are stored in {course.recordings}, "
            "since you asked for it.",
            "alarm",
        )
    )
    new = [each for each in course.labels if each not in hello.labels]
    hint = next(filter(None, (did_you_mean(each, hello.labels) for each in new)), "")
    only = f"New labels: {', '.join(new)}; from now on only taught labels are told apart{hint}"
    already = (
        (Paragraph(f"Taught so far: {counted(examples, 'example')}.", "quiet"),) if examples else ()
    )
    return (
        Paragraph("Teach emotiond your voice", "head"),
        Paragraph(f"Microphone: {hello.microphone or hello.source}{through}", "quiet"),
        kept,
        *already,
        *((Paragraph(only, "alarm"),) if new else ()),
    )


def asking(course: Course, prompt: Prompt) -> Page:
    """Return a prompt: a scene, and a sentence to say."""
    if prompt.round == ORDINARY:
        text = " ".join(SENTENCES[course.language])
        return (
            Paragraph(f"First your ordinary voice ({ORDINARY_SECONDS:.0f} s)", "head"),
            Paragraph("Tell how your day was, or read this aloud, again and again:"),
            Paragraph(text, "say"),
            Paragraph("Enter: enough, r: from the beginning, s: skip, q: end", "quiet"),
        )
    place = f"{prompt.label}  ({prompt.place} of {len(course.labels)}, "
    head = Paragraph(f"{place}round {prompt.round} of {course.rounds})", "head")
    scene = scene_of(prompt.label, prompt.round)
    if scene is None:
        return head, Paragraph("Make the sound."), Paragraph("s: skip, q: end", "quiet")
    number = prompt.place + NEXT_ROUND * prompt.round
    return (
        head,
        Paragraph(scene),
        Paragraph(f"Say: {sentence_of(course.language, number)}", "say"),
        Paragraph("s: skip, q: end", "quiet"),
    )


def judged(prompt: Prompt, take: Sequence[Utterance]) -> Page:
    """Return the length and the label of a take, and the keys."""
    seconds = sum(each.end - each.start for each in take)
    if prompt.round == ORDINARY:
        return (
            Paragraph(f"{seconds:.0f} s heard. Was that {prompt.label}?"),
            Paragraph(f"Enter: yes, keep it as {prompt.label}, r: again, s: no, q: end", "quiet"),
        )
    return (
        Paragraph(f"{seconds:.1f} s heard: {taken_for(take[-1])}"),
        Paragraph("Enter: keep, r: again, s: skip, q: end", "quiet"),
    )


def taken_for(utterance: Utterance) -> str:
    """Return what an utterance was taken for."""
    if utterance.state == "emotion" and utterance.label is not None:
        return f"{utterance.label}, {percent(utterance.confidence)}"
    likely = utterance.probabilities
    if utterance.state == "no_speech" or not likely:
        return "no voice"
    best = max(likely, key=likely.__getitem__)
    return f"uncertain, perhaps {best}, {percent(likely[best])}"


def kept(prompt: Prompt, answer: Changed, files: Sequence[Path]) -> Page:
    """Return the taught examples, by the last answer, and the stored recordings."""
    taught = f"kept as {prompt.label}; {counted(answer.examples, 'example')}"
    return Paragraph(taught), *(Paragraph(f"recording stored: {each}", "alarm") for each in files)


def resting(course: Course, rest: Rest, estimate: str) -> Page:
    """Return the words after a round."""
    estimate = estimate[:1].upper() + estimate[1:]
    if rest.last:
        return Paragraph("All rounds are over", "head"), Paragraph(estimate)
    left = course.rounds - rest.round
    rounds = counted(left, "round")
    if rest.round == ORDINARY:
        names = ", ".join(course.labels)
        return (
            Paragraph(f"Now, if you like, the labels, in {rounds}", "head"),
            Paragraph(names),
            Paragraph("A round takes a minute, and one is worth it already. Act it as on a stage."),
            Paragraph("Enter: begin, q: end", "quiet"),
        )
    return (
        Paragraph(f"Round {rest.round} is over", "head"),
        Paragraph(estimate),
        Paragraph(f"Enter: next round ({left} left), q: end", "quiet"),
    )


def hearing_nothing(quiet: Quiet) -> Page:
    """Return the words for a silent microphone."""
    level = f"{quiet.level:.0f} dBFS"
    return (
        Paragraph(
            f"I hear nothing; level {level}; is this the right microphone? emotiond devices",
            "alarm",
        ),
    )


def closing(course: Course, count: int) -> Page:
    """Return the next steps for the user."""
    if not count:
        return Paragraph("The end", "head"), Paragraph("Nothing was taught.")
    taught = f"{counted(count, 'example')} taught"
    if course.profile is None:
        done = (
            f"{taught}; the emotiond that runs judges with them already. Watch it: emotiond watch"
        )
    else:
        done = (
            f"{taught}, in {course.profile}. Try it: emotiond run "
            "(a service takes them up with: systemctl --user reload emotiond)"
        )
    page = (
        Paragraph("The end", "head"),
        Paragraph(done),
        Paragraph("Is it wrong about you later? Say so: emotiond correct LABEL"),
        Paragraph("All examples: emotiond teach list. More of them help: emotiond teach"),
    )
    if course.recordings is None:
        return page
    again = f"The recordings stay in {course.recordings}; to teach them to a new model: emotiond "
    return *page, Paragraph(f"{again}teach --from {course.recordings}", "alarm")
