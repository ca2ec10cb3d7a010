"""Teaching helps where voices differ, and no tested recording helps it."""

from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest

from emotiond.model.company import ALONE, Company
from emotiond.model.examples import Examples
from emotiond.model.head import Head, fit
from emotiond_training.corpora.clips import Clip
from emotiond_training.evaluation import draws, taught
from emotiond_training.evaluation.draws import Recordings, draw
from emotiond_training.evaluation.prototypes import prototypes_from
from emotiond_training.evaluation.taught import household_rows, partial_rows, taught_rows
from emotiond_training.splits.leaks import LeakError, check_taught

LABELS = ("angry", "happy", "neutral", "sad")


def fit_head(examples: Examples, company: Company = ALONE) -> Head:
    return fit(examples, LABELS, company=company, leave_out=False)


def made_up(
    speakers: int = 4, texts: int = 6, own: float = 3.0, label_count: int = 4, seed: int = 1
) -> Recordings:
    """Return recordings of every text with every label by each speaker of one corpus.

    Labels have places in the embedding, moved for each speaker by `own`; the logits tell nothing.
    """
    random = np.random.default_rng(seed)
    places = 4.0 * random.normal(size=(label_count, 10))
    clips, rows, labels = [], [], []
    for speaker in range(speakers):
        moved = places + own * random.normal(size=places.shape)
        for text in range(texts):
            for label in range(label_count):
                path = Path(f"{speaker}-{text}-{label}.wav")
                clips.append(Clip(path, LABELS[label], f"s{speaker}", f"t{text}", "made-up"))
                rows.append(moved[label] + random.normal(size=10))
                labels.append(label)
    contents = [str(clip.path) for clip in clips]
    logits = random.normal(size=(len(clips), 4))
    return Recordings(clips, contents, np.array(rows), logits, np.array(labels))


def with_clips(recordings: Recordings, **changes: object) -> Recordings:
    clips = [msgspec.structs.replace(clip, **changes) for clip in recordings.clips]
    return recordings._replace(clips=clips)


def test_teaching_lifts_a_model_that_knows_nothing_and_more_examples_lift_it_more():
    rows = taught_rows(made_up(), fit_head)
    assert [(row.corpus, row.count, row.examples) for row in rows] == [
        ("made-up", count, min(count, 5)) for count in taught.COUNTS
    ]
    assert rows[0].uar == rows[0].untaught < 0.4
    assert rows[3].uar > 0.9 > 0.4 > rows[3].untaught
    assert rows[1].uar <= rows[3].uar
    assert all(row.uar_low <= row.uar <= row.uar_high for row in rows)
    assert {row.speakers for row in rows} == {4}


def test_nothing_of_what_is_tested_reaches_the_head():
    # Labels are random, so only a head that was taught a recording knows its label.
    random = np.random.default_rng(2)
    recordings = made_up(speakers=6, texts=8)
    recordings = recordings._replace(
        embeddings=random.normal(size=(len(recordings.clips), 400)),
        own_logits=np.zeros_like(recordings.own_logits),
    )
    assert taught_rows(recordings, fit_head)[-1].uar < 0.4
    assert household_rows(recordings, fit_head)[0].uar < 0.4
    seen = np.arange(len(recordings.clips))
    head = fit_head(Examples(*(each[seen] for each in recordings[2:]), seen))
    told = head.logits(recordings.embeddings, recordings.own_logits).argmax(axis=1)
    assert np.mean(told == recordings.labels) == 1.0


@pytest.mark.parametrize("apart", ["text", "file"])
@pytest.mark.parametrize("speakers", [1, 3])
def test_draws_share_no_file_and_no_text_and_leave_every_label_to_test(apart, speakers):
    recordings = made_up(speakers=speakers)
    contents = list(recordings.contents)
    contents[4] = contents[0]  # the same sound under two names
    recordings = recordings._replace(contents=contents)
    everything = np.arange(len(recordings.clips))
    for seed in range(20):
        drawn = draw(recordings, everything, 3, apart, np.random.default_rng(seed))
        cells = [(recordings.clips[i].speaker, recordings.labels[i]) for i in drawn.taught]
        assert sorted(set(cells)) == sorted(
            {(c.speaker, n) for c, n in zip(recordings.clips, recordings.labels, strict=True)}
        )
        assert max(cells.count(cell) for cell in cells) <= 3
        assert not {contents[i] for i in drawn.taught} & {contents[i] for i in drawn.tested}
        left = {(recordings.clips[i].speaker, recordings.labels[i]) for i in drawn.tested}
        assert left == set(cells)
        texts = [{recordings.clips[i].text for i in each} for each in drawn]
        assert apart == "file" or not texts[0] & texts[1]


def test_texts_that_tell_the_label_do_not_help():
    # The embedding tells the text alone, and each text is of one label for each speaker.
    recordings = made_up(speakers=8, texts=12)
    random = np.random.default_rng(3)
    label_of = {f"s{s}": np.arange(12)[random.permutation(12)] % 4 for s in range(8)}
    kept = [
        index
        for index, clip in enumerate(recordings.clips)
        if label_of[clip.speaker][int(clip.text[1:])] == recordings.labels[index]
    ]
    places = 4.0 * random.normal(size=(12, 40))
    twice = np.repeat(kept, 2)
    clips = [
        msgspec.structs.replace(recordings.clips[i], path=Path(f"{n}.wav"))
        for n, i in enumerate(twice)
    ]
    telling = Recordings(
        clips,
        [str(clip.path) for clip in clips],
        np.array([places[int(clip.text[1:])] for clip in clips]),
        np.zeros((len(clips), 4)),
        recordings.labels[twice],
    )
    row = taught_rows(telling, fit_head)[1]
    assert (row.apart, row.count) == ("text", 1)
    assert row.uar < 0.45
    by_file = taught_rows(with_clips(telling, text=None), fit_head)[4]
    assert (by_file.apart, by_file.count) == ("file", 5)
    assert by_file.uar > 0.7


def test_one_text_alone_or_unknown_texts_are_kept_apart_by_file():
    for text in (None, "the only one"):
        rows = taught_rows(with_clips(made_up(), text=text), fit_head)
        assert {row.apart for row in rows} == {"file"}
        assert rows[3].uar > 0.9
    assert {row.apart for row in taught_rows(made_up(), fit_head)} == {"text"}


def test_too_few_recordings_are_taught_as_far_as_they_go():
    rows = taught_rows(made_up(texts=3), fit_head)
    assert [row.examples for row in rows] == [0, 1, 2, 2, 2, 2]


def test_speakers_and_corpora_with_nothing_left_to_test_have_no_figures():
    assert taught_rows(made_up(texts=1), fit_head) == []
    assert household_rows(made_up(texts=1), fit_head) == []
    assert taught_rows(with_clips(made_up(), speaker=None), fit_head) == []
    assert household_rows(made_up(speakers=2), fit_head) == []


def test_answers_are_among_the_labels_of_the_corpus():
    recordings = made_up(label_count=2)
    logits = np.zeros_like(recordings.own_logits)
    logits[np.arange(len(logits)), recordings.labels] = 1.0
    logits[:, 3] = 9.0
    rows = taught_rows(recordings._replace(own_logits=logits), fit_head)
    assert rows[0].uar == 1.0


def test_a_household_of_speakers_alike_is_told_as_well_as_each_alone():
    row = household_rows(made_up(speakers=7, own=0.5), fit_head)[0]
    assert row.uar > 0.9
    assert row.own > 0.9
    assert row.untaught < 0.4
    assert (row.count, row.examples) == (3, 3.0)


def test_a_household_of_contrary_speakers_is_not_told_without_knowing_who_speaks():
    recordings = made_up(speakers=6, own=0.0)
    # Places move from label to label with the speaker.
    turned = [
        (n + int(c.speaker[1:])) % 4
        for n, c in zip(recordings.labels, recordings.clips, strict=True)
    ]
    row = household_rows(recordings._replace(labels=np.array(turned)), fit_head)[0]
    assert row.own > 0.9
    assert row.uar < 0.7


def test_where_one_label_is_taught_all_are_tested_and_prototypes_keep_the_others() -> None:
    recordings = made_up(own=0.5)
    typical = prototypes_from(
        ["made-up"] * len(recordings.clips),
        recordings.labels,
        recordings.embeddings,
        recordings.own_logits,
    )
    with_prototypes = partial(fit_head, company=Company(prototypes=typical))
    (alone,), (together,) = (
        partial_rows(recordings, each, LABELS.index("neutral"))
        for each in (fit_head, with_prototypes)
    )
    assert (alone.corpus, alone.speakers) == ("made-up", 4)
    assert alone.untaught == together.untaught
    assert max(alone.ordinary, alone.other) < 0.6
    assert min(together.ordinary, together.other) > 0.9


def test_a_corpus_without_the_ordinary_voice_has_no_figures_of_it() -> None:
    assert partial_rows(made_up(label_count=2), fit_head, LABELS.index("neutral")) == []


def test_figures_depend_on_the_seed_alone(monkeypatch):
    monkeypatch.setattr(draws, "SPEAKERS_MOST", 3)
    recordings = made_up(own=8.0)
    rows = taught_rows(recordings, fit_head, seed=3)
    assert taught_rows(recordings, fit_head, seed=3) == rows
    assert taught_rows(recordings, fit_head, seed=4) != rows
    assert rows[0].speakers == 3
    assert household_rows(recordings, fit_head) == household_rows(recordings, fit_head)


def test_the_leak_check_catches_a_taught_file_and_a_taught_text():
    recordings = made_up()
    first, same_text, other = np.array([0]), np.array([1]), np.array([4])
    check = (recordings.clips, recordings.contents)
    check_taught(*check, first, other, texts_apart=True)
    check_taught(*check, first, same_text, texts_apart=False)
    with pytest.raises(LeakError, match=r"the tested 0-0-0\.wav has the content of 0-0-0\.wav"):
        check_taught(*check, first, first, texts_apart=False)
    with pytest.raises(LeakError, match="text 't0' is in both the taught and the tested set"):
        check_taught(*check, first, same_text, texts_apart=True)


def test_the_calibration_error_of_taught_heads_is_that_of_their_own_probabilities():
    rows = taught_rows(made_up(own=1.0), fit_head)
    assert rows[0].ece is None
    assert all(0.0 <= row.ece < 0.5 for row in rows[1:])
    sure = taught_rows(made_up(own=1.0), lambda each: fit_head(each)._replace(temperature=1e-6))
    for row, certain in zip(rows[1:], sure[1:], strict=True):
        assert certain.ece == pytest.approx(1.0 - certain.uar, abs=0.02)
        assert certain.uar == row.uar
