"""Where programs look for the sockets of a daemon."""

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from emotiond.errors import EmotiondError
from emotiond.record import Hello
from emotiond.sinks import places as places_module
from emotiond.sinks.live import LiveSettings, LiveSink
from emotiond.sinks.places import find, followed


def found(settings: LiveSettings, name: str = "") -> Path:
    """Return the socket that is connected to."""
    path, connection = find(settings, name=name)
    connection.close()
    return path


def named(settings: LiveSettings, name: str = "") -> str:
    """Return the error where no daemon is."""
    with pytest.raises(EmotiondError) as error:
        find(settings, name=name)
    return str(error.value)


@pytest.fixture
def places(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder in place of those of sessions, of the service and of the user.

    Its path is short enough for a socket; that of tmp_path may be too long.
    """
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    with tempfile.TemporaryDirectory(prefix="watch") as folder:
        monkeypatch.setattr(places_module, "SESSIONS", Path(folder) / "user")
        monkeypatch.setattr(places_module, "SYSTEM_SOCKET", Path(folder) / "system" / "live.sock")
        monkeypatch.setenv("XDG_STATE_HOME", str(Path(folder) / "state"))
        yield Path(folder)


@contextlib.contextmanager
def daemon_at(path: Path) -> Iterator[None]:
    sink = LiveSink(path, Hello(model="abcd", labels=("calm", "cross"), title="emotiond"))
    sink.open()
    try:
        yield
    finally:
        sink.close()


def test_a_program_finds_the_service_though_a_killed_daemon_left_its_socket(
    places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(places / "me"))
    own, system = places / "me" / "emotiond" / "live.sock", places / "system" / "live.sock"
    assert f"nothing listens at {own})" in named(LiveSettings())
    with daemon_at(system):
        assert found(LiveSettings()) == system
        own.parent.mkdir(parents=True)
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(own))
            left.listen()
            assert found(LiveSettings()) == own
        assert own.is_socket()
        assert found(LiveSettings()) == system
    assert f"nothing listens at {system})" in named(LiveSettings())


@pytest.mark.parametrize("viewer", ["with a session", "without"])
def test_a_program_finds_a_daemon_that_was_started_otherwise(
    places: Path, monkeypatch: pytest.MonkeyPatch, viewer: str
) -> None:
    session = places / "user" / f"{os.getuid()}"
    its = {"with a session": places / "state", "without": session}[viewer] / "emotiond/live.sock"
    if viewer == "with a session":
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(session))
    assert LiveSettings().path != its
    with daemon_at(its):
        assert found(LiveSettings()) == its
        named_by_the_user = places / "x"
        assert f"nothing listens at {named_by_the_user})" in named(
            LiveSettings(socket=str(named_by_the_user))
        )


def test_one_of_several_microphones_is_chosen_by_its_name(places: Path) -> None:
    hall, kitchen = (places / "system" / each / "live.sock" for each in ("hall", "kitchen"))
    (places / "state" / "emotiond" / "attic").mkdir(parents=True)  # a folder of logs
    with daemon_at(hall):
        assert found(LiveSettings()) == hall
        with daemon_at(kitchen):
            assert "several microphones, hall, kitchen; name one" in named(LiveSettings())
            assert found(LiveSettings(), "kitchen") == kitchen
            assert found(LiveSettings(), "hall") == hall
            said = named(LiveSettings(), "attic")
            assert said.endswith("a microphone attic; those that run are hall, kitchen")
            assert followed(LiveSettings()) == [[hall], [kitchen]]
            assert named(LiveSettings(socket="x"), "hall").endswith("to a microphone hall")
            single = places / "system" / "live.sock"
            with daemon_at(single):
                assert found(LiveSettings()) == single
                assert [hall] in followed(LiveSettings())
                assert len(followed(LiveSettings())) == 3
        assert f"nothing listens at {kitchen})" in named(LiveSettings(), "kitchen")


def test_a_hub_without_any_daemon_waits_for_the_usual_one(places: Path) -> None:
    (waited,) = followed(LiveSettings())
    assert waited == places_module.usual_sockets(LiveSettings())
