"""Hooks in a settings file: read as they are written, or refused with their number and key."""

from pathlib import Path
from typing import Any

import pytest

from emotiond.errors import InputError
from emotiond.hook_settings import KEYS, Hook, hooks_of
from tests.daemon.setting_values import chosen

HERE = Path("emotiond.toml")
DOCS = Path(__file__).parents[2] / "docs" / "HOOKS.md"


def test_hooks_of_a_file_are_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "emotiond.toml"
    path.write_text(
        'hop_seconds = 1.5\n[[hooks]]\non = "utterance"\nlabel = "angry"\nmin_confidence = 0.7\n'
        'command = ["lamp", "--colour", "{label}"]\n'
        '[[hooks]]\non = "status"\nevent = "microphone_lost"\nurl = "https://example.org/x?y=1"\n'
    )
    found = chosen("--config", str(path))
    assert found.hop_seconds == 1.5
    assert found.hooks == (
        Hook(
            on="utterance",
            label="angry",
            min_confidence=0.7,
            command=("lamp", "--colour", "{label}"),
        ),
        Hook(on="status", event="microphone_lost", url="https://example.org/x?y=1"),
    )
    assert [each.name for each in found.hooks] == ["lamp", "example.org"]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"command": ["x"]}, "on is missing; it is correction or prediction or status or utter"),
        ({"on": "meter"}, "on must be correction or prediction or status or utterance, not 'mete"),
        ({"on": "utterance", "lable": "x"}, "unknown key lable; did you mean label?"),
        ({"on": "utterance"}, "needs either command or url"),
        ({"on": "utterance", "command": []}, "needs either command or url"),
        ({"on": "utterance", "command": ["x"], "url": "http://x"}, "needs either command or url"),
        ({"on": "utterance", "command": "x y"}, "command must be a list of texts, not 'x y'"),
        ({"on": "utterance", "command": ["x\0"]}, "command must have no NUL characters"),
        ({"on": "utterance", "command": ["{label}"]}, "the program itself must have no braces"),
        ({"on": "utterance", "command": ["x", "{lable}"]}, "has no {lable}; did you mean label?"),
        ({"on": "status", "command": ["x", "{label}"]}, 'on = "status" has no {label}; known are'),
        ({"on": "status", "label": "x", "command": ["x"]}, 'on = "status" has no label'),
        ({"on": "status", "event": "no", "command": ["x"]}, "event must be failed or "),
        ({"on": "utterance", "event": "failed", "command": ["x"]}, 'event needs on = "status"'),
        ({"on": "correction", "min_confidence": 0.5, "command": ["x"]}, "has no confidence"),
        ({"on": "utterance", "min_confidence": 2, "command": ["x"]}, "must be a number from 0 to"),
        ({"on": "utterance", "every": -1, "command": ["x"]}, "every must be a number from 0 to 8"),
        ({"on": "utterance", "timeout": 0, "command": ["x"]}, "timeout must be a number above 0"),
        ({"on": "utterance", "headers": ["A: b"], "command": ["x"]}, "headers needs url"),
        ({"on": "utterance", "url": "file:///etc/passwd"}, "url must begin with http:// or https"),
        ({"on": "utterance", "url": "gopher://x"}, "url must begin with http:// or https:// and"),
        ({"on": "utterance", "url": "http:///x"}, "url must begin with http:// or https:// and a"),
        ({"on": "utterance", "url": "http://x:99999/"}, "url is no address: "),
        ({"on": "utterance", "url": "http://[x"}, "url is no address: "),
        ({"on": "utterance", "url": "http://me:pw@x/"}, "url must have no user in it; use headers"),
        ({"on": "utterance", "url": "http://x/a b"}, "url must have only ASCII letters and no sp"),
        (
            {"on": "utterance", "url": "http://x", "headers": ["x"]},
            "must have the form Name: value",
        ),
        (
            {"on": "utterance", "url": "http://x", "headers": ["A: b\r\nC: d"]},
            "must have the form Name: value",
        ),
        ({"on": "utterance", "url": "http://x", "headers": ["host: y"]}, "host is set by the hub"),
    ],
)
def test_a_wrong_hook_is_refused_by_its_number_and_key(table: dict[str, Any], words: str) -> None:
    good = {"on": "utterance", "command": ["x", "{label}", '{"a": 1}']}
    with pytest.raises(InputError) as caught:
        hooks_of(HERE, [good, table])
    assert str(caught.value).startswith("emotiond.toml: hook 2: ")
    assert words in str(caught.value)


@pytest.mark.parametrize("tables", [3, "x", {"on": "utterance"}, [3], [[]]])
def test_hooks_that_are_no_tables_are_refused(tables: object) -> None:
    with pytest.raises(InputError, match=r"hooks must be a list of tables, \[\[hooks\]\]"):
        hooks_of(HERE, tables)


def test_the_page_on_hooks_has_every_key_and_its_example_is_valid(tmp_path: Path) -> None:
    text = DOCS.read_text()
    for key in KEYS.values():
        assert f"| `{key.name}` |" in text
    blocks = [each.partition("```")[0] for each in text.split("```toml\n")[1:]]
    assert len(blocks) >= 3
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.toml"
        path.write_text(block)
        assert chosen("--config", str(path)).hooks
