"""Tables on the terminal: the recordings of corpora, and the files that are left out."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.collection import Collection, LeftOut
from emotiond_training.progress import Reporter


def show_contents(collection: Collection, reporter: Reporter) -> None:
    """Show recordings and speakers of each label, and the files that are left out, with reasons."""
    reporter.table(("corpus", "label", "recordings#", "speakers#"), _labels(collection.clips))
    if collection.left_out:
        reporter.table(("left out of", "files#", "why", "the first"), _reasons(collection.left_out))


def _labels(clips: Sequence[Clip]) -> list[tuple[str, ...]]:
    """Return a row for each label of each corpus, and one for all."""
    groups: dict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        groups[clip.corpus, clip.label].append(clip)
    rows = [
        (corpus, label, str(len(found)), _speakers(found))
        for (corpus, label), found in sorted(groups.items())
    ]
    return [*rows, ("all", "", str(len(clips)), _speakers(clips))]


def _speakers(clips: Sequence[Clip]) -> str:
    """Return how many speakers clips have."""
    speakers = {clip.speaker for clip in clips}
    known = len(speakers - {None})
    if None not in speakers:
        return str(known)
    return f"{known} and unknown" if known else "unknown"


def _reasons(left_out: Iterable[LeftOut]) -> list[tuple[str, ...]]:
    """Return a row for each corpus and reason, with the first file."""
    groups: dict[tuple[str, str], list[LeftOut]] = defaultdict(list)
    for each in left_out:
        groups[each.corpus, each.why].append(each)
    return [
        (corpus, str(len(files)), why, str(files[0].path))
        for (corpus, why), files in sorted(groups.items())
    ]
