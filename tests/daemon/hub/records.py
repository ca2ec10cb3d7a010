"""Messages of a daemon as the hub's tests send them."""

from emotiond.record import Correction, Hello, Meter, Prediction, Status, Utterance

HELLO = Hello(model="abcd", labels=("calm", "merry"), title="test", source="kitchen")


def meter(seconds: float, level: float = -40.0) -> Meter:
    return Meter(seconds=seconds, level=level, speech=0.0)


def prediction(label: str | None = "calm") -> Prediction:
    return Prediction(
        model="abcd",
        start=0.0,
        end=0.5,
        state="no_speech" if label is None else "emotion",
        label=label,
        raw_label=label,
        confidence=0.9,
        probabilities={} if label is None else {"calm": 0.9, "merry": 0.1},
        speech=1.0,
        level=-20.0,
    )


def utterance(name: str, label: str = "calm") -> Utterance:
    return Utterance(
        id=name,
        model="abcd",
        start=0.0,
        end=1.0,
        state="emotion",
        label=label,
        confidence=0.9,
        probabilities={"calm": 0.9, "merry": 0.1},
    )


def correction(name: str, label: str | None) -> Correction:
    return Correction(model="abcd", utterance=name, label=label, by="hub")


def status(event: str, subject: str | None = None) -> Status:
    return Status(model="abcd", event=event, subject=subject, message=f"news: {event}")
