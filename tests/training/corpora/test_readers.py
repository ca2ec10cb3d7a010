"""Readers: every layout that corpora are distributed in, and its oddities."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from emotiond_training.corpora.clips import EMOTIONS, Clip
from emotiond_training.corpora.readers import READERS

SEVEN = {"angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"}
NESTED = "TESS Toronto emotional speech set data"


def rows(clips: list[Clip]) -> list[tuple[str, str | None, str | None]]:
    return sorted((clip.label, clip.speaker, clip.text) for clip in clips)


def test_the_label_map_knows_seven_emotions_and_calls_calm_neutral():
    assert set(EMOTIONS.values()) == SEVEN
    assert EMOTIONS["calm"] == "neutral"


@pytest.mark.parametrize(
    ("path", "label", "speaker", "text"),
    [
        ("OAF_angry/OAF_back_angry.wav", "angry", "tess_OAF", "back"),
        ("OAF_disgust/OAF_back_disgust.wav", "disgust", "tess_OAF", "back"),
        ("OAF_Fear/OAF_back_fear.wav", "fear", "tess_OAF", "back"),
        ("YAF_happy/YAF_back_happy.wav", "happy", "tess_YAF", "back"),
        ("OAF_Pleasant_surprise/OAF_back_ps.wav", "surprise", "tess_OAF", "back"),
        ("YAF_pleasant_surprised/YAF_witch_ps.wav", "surprise", "tess_YAF", "witch"),
        ("OAF_Sad/OAF_back_sad.wav", "sad", "tess_OAF", "back"),
        ("OAF_neutral/OA_bite_neutral.wav", "neutral", "tess_OAF", "bite"),
        ("YAF_neutral/YAF_back_neutral.WAV", "neutral", "tess_YAF", "back"),
        ("YAF_back_sad.flac", "sad", "tess_YAF", "back"),
        ("OAF_back_angry.opus", "angry", "tess_OAF", "back"),
        ("OAF_back_angry.mp3", "angry", "tess_OAF", "back"),
        ("oaf_back_angry.ogg", "angry", "tess_OAF", "back"),
        (f"{NESTED}/OAF_angry/OAF_back_angry.wav", "angry", "tess_OAF", "back"),
    ],
)
def test_tess_is_read_by_file_name_whatever_its_folder_and_ending(
    touch, path, label, speaker, text
):
    [clip] = READERS["tess"](touch(path))
    assert rows([clip]) == [(label, speaker, text)]
    assert clip.corpus == "tess"


def test_tess_nested_second_copy_of_the_kaggle_archive_is_ignored(touch):
    folder = touch(
        f"{NESTED}/OAF_Sad/OAF_back_sad.wav",
        f"{NESTED}/{NESTED}/OAF_Sad/OAF_back_sad.wav",
        f"{NESTED}/YAF_angry/YAF_back_angry.wav",
        f"{NESTED}/{NESTED}/YAF_angry/YAF_back_angry.wav",
    )
    clips = READERS["tess"](folder)
    assert [clip.path.relative_to(folder / NESTED).parts[0] for clip in clips] == [
        "OAF_Sad",
        "YAF_angry",
    ]


@pytest.mark.parametrize(
    "path",
    ["._OAF_back_angry.wav", ".hidden/OAF_back_angry.wav", "OAF_back_angry.txt", "OAF_back.wav"],
)
def test_files_that_are_not_of_tess_are_ignored(touch, path):
    assert READERS["tess"](touch(path)) == []


@pytest.mark.parametrize(
    ("path", "label", "speaker", "text"),
    [
        ("Actor_01/03-01-01-01-01-01-01.wav", "neutral", "ravdess_01", "01"),
        ("Actor_01/03-01-02-01-02-01-01.wav", "neutral", "ravdess_01", "02"),
        ("Actor_24/03-01-03-02-01-02-24.wav", "happy", "ravdess_24", "01"),
        ("Actor_02/03-01-04-01-01-01-02.wav", "sad", "ravdess_02", "01"),
        ("Actor_02/03-01-05-01-01-01-02.wav", "angry", "ravdess_02", "01"),
        ("03-01-06-01-01-01-02.wav", "fear", "ravdess_02", "01"),
        ("03-01-07-01-01-01-02.opus", "disgust", "ravdess_02", "01"),
        ("03-01-08-01-01-01-02.flac", "surprise", "ravdess_02", "01"),
    ],
)
def test_ravdess_is_read_from_folders_and_flat(touch, path, label, speaker, text):
    [clip] = READERS["ravdess"](touch(path))
    assert rows([clip]) == [(label, speaker, text)]


@pytest.mark.parametrize(
    "path",
    [
        "Actor_01/03-02-01-01-01-01-01.wav",
        "Actor_01/01-01-01-01-01-01-01.wav",
        "Actor_01/02-01-01-01-01-01-01.mp4",
        "Actor_01/03-01-09-01-01-01-01.wav",
        "Actor_01/03-01-01-01-01-01.wav",
    ],
)
def test_ravdess_song_video_and_other_files_are_ignored(touch, path):
    assert READERS["ravdess"](touch(path)) == []


@pytest.mark.parametrize(
    ("corpus", "path", "label", "speaker", "text"),
    [
        ("nemo", "nEMO/samples/AHW_anger_1.wav", "angry", "nemo_AHW", "1"),
        ("nemo", "KS0_fear_42.opus", "fear", "nemo_KS0", "42"),
        ("nemo", "KS0_happiness_42.wav", "happy", "nemo_KS0", "42"),
        ("nemo", "KS0_neutral_42.wav", "neutral", "nemo_KS0", "42"),
        ("nemo", "KS0_sadness_42.wav", "sad", "nemo_KS0", "42"),
        ("nemo", "KS0_surprised_90.wav", "surprise", "nemo_KS0", "90"),
        ("ased", "ASED_V1/neutral/n1-01-02-01-07.wav", "neutral", "ased_07", "01"),
        ("ased", "ASED_V1/fear/f2-05-01-02-52.wav", "fear", "ased_52", "f2-05"),
        ("ased", "h3-04-01-02-04.opus", "happy", "ased_04", "h3-04"),
        ("ased", "s4-07-01-01-01.wav", "sad", "ased_01", "s4-07"),
        ("ased", "S4-04-02-01-29.wav", "sad", "ased_29", "s4-04"),
        ("ased", "a5-03-02-01-25.wav", "angry", "ased_25", "a5-03"),
        ("ased", "a5-02-02-01-25.wav", "angry", "ased_25", "02"),
        ("cremad", "AudioWAV/1001_DFA_ANG_XX.wav", "angry", "cremad_1001", "DFA"),
        ("cremad", "AudioWAV/1001_IEO_DIS_HI.wav", "disgust", "cremad_1001", "IEO"),
        ("cremad", "1091_IEO_FEA_LO.wav", "fear", "cremad_1091", "IEO"),
        ("cremad", "1040_ITH_SAD_X.wav", "sad", "cremad_1040", "ITH"),
        ("cremad", "1002_IEO_HAP_MD.mp3", "happy", "cremad_1002", "IEO"),
        ("cremad", "1002_TAI_NEU_XX.wav", "neutral", "cremad_1002", "TAI"),
        ("emodb", "wav/03a01Fa.wav", "happy", "emodb_03", "a01"),
        ("emodb", "wav/03a01Wa.wav", "angry", "emodb_03", "a01"),
        ("emodb", "08b10Ea.wav", "disgust", "emodb_08", "b10"),
        ("emodb", "08a02Ab.wav", "fear", "emodb_08", "a02"),
        ("emodb", "16b03Td.wav", "sad", "emodb_16", "b03"),
        ("emodb", "16b03Nc.wav", "neutral", "emodb_16", "b03"),
        ("emovo", "EMOVO/f1/dis-f1-b1.wav", "disgust", "emovo_f1", "b1"),
        ("emovo", "gio-f2-n5.wav", "happy", "emovo_f2", "n5"),
        ("emovo", "neu-f3-l4.opus", "neutral", "emovo_f3", "l4"),
        ("emovo", "pau-m1-d2.wav", "fear", "emovo_m1", "d2"),
        ("emovo", "rab-m2-d2.wav", "angry", "emovo_m2", "d2"),
        ("emovo", "sor-m3-d2.wav", "surprise", "emovo_m3", "d2"),
        ("emovo", "TRI-M3-D2.WAV", "sad", "emovo_m3", "d2"),
        ("emogator", "data/mp3/000357-02-1.mp3", "happy", "emogator_000357", None),
        ("emogator", "000001-03-2.mp3", "angry", "emogator_000001", None),
        ("emogator", "000001-10-1.mp3", "disgust", "emogator_000001", None),
        ("emogator", "000001-13-1.mp3", "happy", "emogator_000001", None),
        ("emogator", "000001-15-1.mp3", "fear", "emogator_000001", None),
        ("emogator", "000001-18-1.mp3", "neutral", "emogator_000001", None),
        ("emogator", "000001-24-1.mp3", "sad", "emogator_000001", None),
        ("emogator", "000001-27-1.mp3", "surprise", "emogator_000001", None),
        ("emogator", "000001-28-1.mp3", "surprise", "emogator_000001", None),
        ("iesc", "go/go-calm-1562907358800-0e17afa3.wav", "neutral", "iesc_0e17afa3", "go"),
        ("iesc", "bacho-angry-1562996360436-c7b43119.wav", "angry", "iesc_c7b43119", "bacho"),
        ("iesc", "help-fearful-1563203125896-00da8563.opus", "fear", "iesc_00da8563", "help"),
        ("iesc", "yes-happy-20190710153617-d14a028c.wav", "happy", None, "yes"),
        ("iesc", "unknown-happy-1562996360436-c7b43119.wav", "happy", "iesc_c7b43119", None),
        ("savee", "AudioData/DC/a01.wav", "angry", "savee_DC", "a01"),
        ("savee", "AudioData/JE/sa15.wav", "sad", "savee_JE", "sa15"),
        ("savee", "ALL/JK_su01.wav", "surprise", "savee_JK", "su01"),
        ("savee", "KL_n30.wav", "neutral", "savee_KL", "n30"),
        ("savee", "KL_d02.wav", "disgust", "savee_KL", "d02"),
        ("savee", "KL_f02.wav", "fear", "savee_KL", "f02"),
        ("savee", "kl_h02.flac", "happy", "savee_KL", "h02"),
    ],
)
def test_other_corpora_are_read_by_the_names_their_authors_gave(
    touch, corpus, path, label, speaker, text
):
    [clip] = READERS[corpus](touch(path))
    assert rows([clip]) == [(label, speaker, text)]
    assert clip.corpus == corpus
    assert clip.voice


@pytest.mark.parametrize(
    ("corpus", "path"),
    [
        ("nemo", "nEMO/data.tsv"),
        ("nemo", "KS0_disgust_42.wav"),
        ("nemo", "KS0_anger.wav"),
        ("ased", "a4-03-02-01-25.wav"),
        ("ased", "a5-03-02-01.wav"),
        ("cremad", "1001_DFA_SUR_XX.wav"),
        ("cremad", "VideoFlash/1001_DFA_ANG_XX.flv"),
        ("emodb", "wav/03a01La.wav"),
        ("emodb", "wav/03c01Fa.wav"),
        ("emovo", "EMOVO/f1/noi-f1-b1.wav"),
        ("emovo", "EMOVO/f1/dis-f1.wav"),
        ("emogator", "000001-04-1.mp3"),
        ("emogator", "000001-03.mp3"),
        ("iesc", "go-sad-1562907358800-0e17afa3.wav"),
        ("iesc", "go-calm-0e17afa3.wav"),
        ("savee", "Info/a01.wav"),
        ("savee", "DC/x01.wav"),
    ],
)
def test_files_that_are_not_of_a_corpus_or_have_no_label_here_are_ignored(touch, corpus, path):
    assert READERS[corpus](touch(path)) == []


def test_savee_sentences_of_two_speakers_are_two_and_a_second_copy_is_none(touch):
    folder = touch("DC/a01.wav", "JE/a01.wav", "ALL/DC_a01.wav")
    assert rows(READERS["savee"](folder)) == [
        ("angry", "savee_DC", "a01"),
        ("angry", "savee_JE", "a01"),
    ]


def test_where_a_corpus_has_both_the_lossless_recordings_are_taken(touch):
    folder = touch("AudioMP3/1001_DFA_ANG_XX.mp3", "AudioWAV/1001_DFA_ANG_XX.wav")
    assert [clip.path.suffix for clip in READERS["cremad"](folder)] == [".wav"]


@pytest.mark.corpus
def test_tess_is_complete(corpora: Path):
    clips = READERS["tess"](corpora / "tess")
    assert Counter(clip.label for clip in clips) == dict.fromkeys(SEVEN, 400)
    assert len({clip.text for clip in clips}) == 200
    assert Counter(clip.speaker for clip in clips) == {"tess_OAF": 1400, "tess_YAF": 1400}


@pytest.mark.corpus
def test_ravdess_has_all_speakers_and_seven_labels(corpora: Path):
    clips = READERS["ravdess"](corpora / "ravdess")
    assert {clip.label for clip in clips} == SEVEN
    assert len({clip.speaker for clip in clips}) == 18


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("tess", "tess"),
        ("ravdess", "ravdess"),
        ("nemo", "nemo_pl"),
        ("ased", "ased_am"),
        ("emovo", "emovo_it"),
        ("emogator", "emogator"),
        ("iesc", "iesc_in"),
    ],
)
def test_readers_agree_with_the_manifest(corpora: Path, name: str, folder: str):
    if not (corpora / folder).is_dir():
        pytest.skip(f"no {folder} in {corpora}")
    with (corpora / "manifest.csv").open(newline="") as file:
        listed = {
            row["path"]: (
                EMOTIONS[row["emotion"]],
                None if row["speaker"] == "iesc_unknown" else row["speaker"],
            )
            for row in csv.DictReader(file)
            if row["corpus"] == folder
        }
    clips = READERS[name](corpora / folder)
    read = {str(clip.path.relative_to(corpora)): (clip.label, clip.speaker) for clip in clips}
    assert read == listed
