"""How to say it: short scenes for each emotion, since people act better with a scene."""

from typing import Final

SCENES: Final[dict[str, tuple[str, ...]]] = {
    "angry": (
        "Somebody pushed in front of you in the queue, for the second time.",
        "Your neighbour drills holes again, on a Sunday, at seven in the morning.",
        "You have explained it three times, and it was done wrong again.",
    ),
    "disgust": (
        "You open a lunch box that was forgotten for three weeks.",
        "You step barefoot on something soft and wet.",
        "Somebody offers you a drink with a hair in it.",
    ),
    "fear": (
        "It is night, you are alone, and there are steps on the stairs.",
        "A big dog without a lead comes straight at you.",
        "You lean over the edge of a high roof, and it moves.",
    ),
    "happy": (
        "You got the good news for which you had waited all week.",
        "An old friend is at your door, and you did not expect it.",
        "The holidays begin, the sun shines, and nothing is left to do.",
    ),
    "neutral": (
        "You read it out to somebody who takes notes.",
        "You leave a message for a colleague.",
        "You say it as you would say the time.",
    ),
    "sad": (
        "You have to say goodbye to somebody, for a long time.",
        "You find a letter of somebody who is gone.",
        "It has all been for nothing, and you are tired.",
    ),
    "surprise": (
        "You open the door, and all your friends shout: happy birthday!",
        "You find a note of fifty in an old coat.",
        "You meet your old teacher, at the other end of the world.",
    ),
}
"""Emotion -> scenes, one for each round, then from the first again."""


def scene_of(label: str, number: int) -> str | None:
    """Return the scene of a label in a round (from 1); None for a label that is no emotion."""
    scenes = SCENES.get(label)
    return None if scenes is None else scenes[(number - 1) % len(scenes)]
