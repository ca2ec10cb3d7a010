"""The formats, read back by parsers that are not ours."""

import csv
import json
import re
from pathlib import Path

import msgspec
import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from praatio import textgrid

from emotiond.annotation.annotation import Annotation, Part
from emotiond.annotation.formats import FORMATS

LABELS = ("calm", 'cross "very"', "a --> b <i>&amp;</i>", "sla\u0301inte\tmhaith", "\x1b[2J")
SECONDS = st.integers(1, 600_000).map(lambda each: each / 1000)


@st.composite
def annotations(draw: st.DrawFn) -> Annotation:
    """Draw an annotation whose parts follow one another, with or without pauses between them."""

    def parts() -> tuple[Part, ...]:
        edges = sorted(draw(st.sets(SECONDS, max_size=16)))
        spans = zip(edges[::2], edges[1::2], strict=False)
        return tuple(part(*span, draw(st.sampled_from([*LABELS, None]))) for span in spans)

    return Annotation(
        file='talk, "one".wav',
        schema=2,
        model="0123abcd",
        seconds=draw(st.just(600.0) | st.just(600.5)),
        labels=LABELS,
        utterances=parts(),
        hops=parts() if draw(st.booleans()) else msgspec.UNSET,
    )


def part(start: float, end: float, label: str | None) -> Part:
    state = "uncertain" if label is None else "emotion"
    likely = label or LABELS[0]
    return Part(start, end, state, label, 0.625, {each: float(each == likely) for each in LABELS})


def text(name: str, annotation: Annotation) -> str:
    form = FORMATS[name]
    return form.heading(annotation.labels) + form.body(annotation)


def all_parts(annotation: Annotation) -> list[Part]:
    return [each for parts in annotation.tiers.values() for each in parts]


@given(annotations())
def test_praat_reads_the_textgrid_as_it_was_written(tmp_path: Path, one: Annotation) -> None:
    path = tmp_path / "talk.TextGrid"
    path.write_text(text("textgrid", one), encoding="utf-8")
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=True, reportingMode="error")
    assert grid.maxTimestamp == one.seconds
    assert list(grid.tierNames) == [f"{name}s" for name in one.tiers]
    for name, parts in one.tiers.items():
        entries = grid.getTier(f"{name}s").entries
        # Praat wants intervals from the beginning to the end, without gaps.
        edges = [(each.start, each.end) for each in entries]
        assert [0.0, *(end for _, end in edges)] == [*(start for start, _ in edges), one.seconds]
        spoken = [(each.start, each.end, each.label) for each in entries if each.label]
        assert spoken == [(each.start, each.end, each.name) for each in parts]


def test_quotes_in_a_textgrid_are_doubled(tmp_path: Path) -> None:
    parts = (part(0.0, 1.0, LABELS[1]),)
    one = Annotation("a.wav", 2, "0123abcd", 1.0, LABELS, parts)
    assert 'text = "cross ""very"""\n' in text("textgrid", one)


@given(annotations())
def test_players_read_the_subtitles_as_they_were_written(one: Annotation) -> None:
    found = webvtt.from_string(text("webvtt", one))
    expected = sorted(all_parts(one), key=lambda each: each.start)
    assert [each.raw_text.count("\n") for each in found] == [0] * len(expected)
    for cue, each in zip(found, expected, strict=True):
        assert _seconds(cue.start) == pytest.approx(each.start, abs=1e-9)
        assert _seconds(cue.end) == pytest.approx(each.end, abs=1e-9)
        plain = re.sub(
            "&(amp|lt|gt);", lambda m: {"amp": "&", "lt": "<", "gt": ">"}[m[1]], cue.raw_text
        )
        assert plain == each.words


def _seconds(time: str) -> float:
    hours, minutes, seconds = time.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


@given(annotations())
def test_a_label_track_has_three_columns(one: Annotation) -> None:
    rows = [line.split("\t") for line in text("audacity", one).splitlines()]
    expected = sorted(all_parts(one), key=lambda each: each.start)
    assert [(float(a), float(b), label) for a, b, label in rows] == [
        (each.start, each.end, each.name) for each in expected
    ]


@given(annotations())
def test_the_table_has_a_row_for_each_part_and_a_column_for_each_label(one: Annotation) -> None:
    table = csv.DictReader(text("csv", one).splitlines(keepends=True))
    rows = list(table)
    fixed = ["file", "tier", "start", "end", "state", "label", "confidence"]
    assert table.fieldnames == [*fixed, *LABELS]
    assert [row["tier"] for row in rows] == [
        name for name, parts in one.tiers.items() for _ in parts
    ]
    for row, each in zip(rows, all_parts(one), strict=True):
        assert (float(row["start"]), float(row["end"])) == (each.start, each.end)
        assert row["label"] == (each.label or "")
        assert {label: float(row[label]) for label in LABELS} == each.probabilities


@given(annotations())
def test_json_is_one_line_with_all_that_is_known(one: Annotation) -> None:
    written = text("json", one)
    assert written.count("\n") == 1
    found = json.loads(written)
    hops = {"hops"} if one.hops is not msgspec.UNSET else set()
    known = {"file", "schema", "model", "seconds", "labels", "utterances"}
    assert set(found) == known | hops
    assert msgspec.convert(found, Annotation) == one


def test_uncertain_speech_is_shown_with_its_most_probable_label() -> None:
    assert part(0.0, 1.0, None).words == "uncertain (calm 62%)"
    assert part(0.0, 1.0, "calm").words == "calm 62%"
