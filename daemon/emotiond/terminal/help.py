"""The page of help: the keys, and what the marks mean."""

from emotiond.terminal.frame import Frame
from emotiond.terminal.lines import Block, Line, fitted, run
from emotiond.terminal.look import Look
from emotiond.terminal.view import View


def help_page(view: View, look: Look, frame: Frame, width: int) -> Block:
    """Return the page of help: all keys, and what the marks mean."""
    glyphs, styles = look.glyphs, look.styles
    block: Block = [[run("Keys", styles.strong)]]
    block += [
        [run(f"  {look.clean(key):<8}", styles.strong), run(look.clean(words))]
        for key, words in frame.keys
    ]
    block += [[], [run("Marks", styles.strong)]]
    marks = (
        (f"{glyphs.marker} {glyphs.strong}", "the label shown large, and its probability"),
        (glyphs.uncertain, "somebody speaks, but no label is probable enough"),
        (glyphs.quiet_cell, "nobody speaks"),
        (glyphs.held, "the highest level of the last seconds"),
        (glyphs.floor, "the noise floor of the room"),
        (glyphs.threshold, "the level from which the voice detector listens"),
    )
    block += [[run(f"  {mark:<8}", styles.strong), run(words)] for mark, words in marks]
    letters: Line = [run("  ")]
    for label in view.labels:
        letters.append(run(f"{look.letters[label]} {look.clean(label)}", look.word(label)))
        letters.append(run("   "))
    return [*block, fitted(letters, width), [], [run("The same key goes back.", styles.quiet)]]
