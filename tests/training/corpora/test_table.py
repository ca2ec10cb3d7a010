"""Recordings of any layout, listed in a CSV file."""

from collections import Counter
from pathlib import Path

import pytest

from emotiond.errors import InputError
from emotiond_training.corpora.clips import Clip
from emotiond_training.corpora.collection import read_corpora
from emotiond_training.corpora.table import read_table


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "voices.csv"
    path.write_text(text, encoding)
    return path


def test_each_row_is_a_recording_with_all_that_is_known_of_it(tmp_path):
    table = written(
        tmp_path,
        "corpus,path,speaker,emotion,seconds,text\n"
        "es,es/0.opus,ana,Calm,1.5,dos\n"
        "es,es/1.opus,,boredom,1.5,\n",
    )
    assert read_table(table) == [
        Clip(tmp_path / "es/0.opus", "neutral", "es_ana", "dos", "es"),
        Clip(tmp_path / "es/1.opus", "boredom", None, None, "es"),
    ]


def test_labels_stay_as_they_are_and_a_table_without_speakers_may_be_of_no_voices(tmp_path):
    [clip] = read_table(written(tmp_path, "path,label\na.wav,calm\n"))
    assert (clip.label, clip.speaker, clip.corpus, clip.voice) == ("calm", None, "table", False)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Path;Label;Speaker\nx.wav;joy, wild;Ö\n", "utf-8-sig"),
        ("path\tlabel\tspeaker\n x.wav \tjoy, wild\tÖ\n\n\t\t\n", "utf-8"),
        ('path,label,speaker\r\nx.wav,"joy, wild",Ö\r\n', "utf-8"),
        ('path,label,speaker,text\nx.wav,"joy, wild",Ö', "utf-8"),
    ],
)
def test_tables_are_read_as_excel_and_others_write_them(tmp_path, text, encoding):
    [clip] = read_table(written(tmp_path, text, encoding))
    assert (clip.path.name, clip.label, clip.speaker) == ("x.wav", "joy, wild", "table_Ö")


@pytest.mark.parametrize(
    "text",
    [
        "file,emotion,speaker\na.wav,anger,7\n",  # nkululeko
        "file,start,end,emotion,speaker\na.wav,0 days,NaT,anger,7\n",  # audformat
        "file,start,end,emotion,speaker\na.wav,0 days 00:00:00,,anger,7\n",
        "file,start,end,emotion,speaker\na.wav,0.0,,anger,7\n",
    ],
)
def test_tables_of_nkululeko_and_audformat_are_read(tmp_path, text):
    [clip] = read_table(written(tmp_path, text))
    assert clip == Clip(tmp_path / "a.wav", "angry", "table_7", None, "table")


@pytest.mark.parametrize("times", ["0 days 00:00:01.5,NaT", "0 days,0 days 00:00:02"])
def test_a_table_of_parts_of_recordings_is_refused_in_one_sentence(tmp_path, times):
    table = written(tmp_path, f"file,start,end,emotion\na.wav,{times},anger\n")
    with pytest.raises(InputError, match=r"a\.wav has (start|end) = 0 days.*files of their own"):
        read_table(table)


def test_a_file_alone_is_a_table(touch, quiet):
    folder = touch("a.wav", "b.wav")
    (folder / "people.csv").write_text("path,label\na.wav,happy\nb.wav,sad\n")
    clips = read_corpora([str(folder / "people.csv")], quiet).clips
    assert [clip.label for clip in clips] == ["happy", "sad"]


@pytest.mark.parametrize("above", [True, False])
def test_of_a_folder_only_its_own_recordings_are_taken(touch, monkeypatch, quiet, above):
    folder = touch("all/es/a.wav", "all/es/b.wav", "all/it/c.wav", "all/es/d.wav")
    rows = ("es/a.wav,happy", "es/b.wav,sad", "it/c.wav,sad")
    inside = [row.removeprefix("es/") for row in rows[:2]]
    manifest = folder / ("all/manifest.csv" if above else "all/es/manifest.csv")
    manifest.write_text("\n".join(["path,label", *(rows if above else inside)]))
    monkeypatch.chdir(folder / "all" / "es")
    for spec in ("table=.", f"table={folder}/all/es", "table=../es"):
        clips, left_out = read_corpora([spec], quiet)
        assert [clip.path.name for clip in clips] == ["a.wav", "b.wav"]
        assert [each.path.name for each in left_out if each.path.suffix == ".wav"] == ["d.wav"]


def test_listed_recordings_that_are_missing_are_broken_recordings(touch, quiet):
    folder = touch("a.wav", "b.wav")
    table = written(folder, "path,label\na.wav,happy\nb.wav,sad\nmissing.wav,sad\n")
    with pytest.raises(InputError, match="1 of 3 recordings can't be read"):
        read_corpora([f"table={table}"], quiet)
    collection = read_corpora([f"table={table}"], quiet, skip_broken=True)
    assert [(each.path.name, each.why) for each in collection.left_out] == [
        ("missing.wav", "broken")
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name,label\na.wav,x\n", "no column 'path'"),
        (b"path,kind\na.wav,x\n", "no column 'emotion' or 'label'"),
        (b"path,label\na.wav,\n", "a.wav has no label"),
        (b"path,label\nb.wav,x\n,x\n", "row 3 has no path"),
        (b"", "no column 'path'"),
        (b"path,label\n\xe9.wav,x\n", "not a text file in UTF-8"),
        (b"path,label\n" + b"a" * 200_000 + b",x\n", "not a table of comma-separated values"),
    ],
)
def test_a_table_that_cannot_be_used_is_one_sentence(tmp_path, content, message):
    table = tmp_path / "voices.csv"
    table.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read_table(table)
    assert str(error.value).startswith(f"{table}: ")
    assert "\n" not in str(error.value)


def test_a_folder_without_a_table_is_one_sentence(tmp_path):
    (tmp_path / "deep" / "er").mkdir(parents=True)
    with pytest.raises(InputError, match=r"er: no manifest.csv in it or in the folder above"):
        read_table(tmp_path / "deep" / "er")


@pytest.mark.corpus
def test_a_corpus_without_a_layout_is_read_by_its_manifest(corpora: Path):
    if not (corpora / "spanish_es").is_dir():
        pytest.skip(f"no spanish_es in {corpora}")
    clips = read_table(corpora / "spanish_es")
    assert len(clips) == 1320
    assert {clip.corpus for clip in clips} == {"spanish_es"}
    assert len({clip.speaker for clip in clips}) == 16
    assert min(Counter(clip.label for clip in clips).values()) > 180
