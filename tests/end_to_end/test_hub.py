"""The hub: its API, its start and its end, and a daemon that never notices it."""

import json
import os
import pty
import random
import re
import signal
import socket
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from emotiond.record import Correction, Utterance
from emotiond.teaching.scenes import SCENES
from emotiond.teaching.sentences import SENTENCES
from tests.conftest import Run
from tests.daemon.logs import so_far, unstamped
from tests.end_to_end.hubs import Hub, Start
from tests.end_to_end.programs import Output, Programs, wait_for


def events(hub: Hub, count: int, microphone: int = 0) -> list[dict[str, Any]]:
    """Return the first events of a microphone."""
    with socket.create_connection(("127.0.0.1", hub.port), 20) as connection:
        path = f"/api/v1/microphones/{microphone}/events"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        content = b""
        while content.count(b"\n\ndata: ") + content.count(b"\r\ndata: ") <= count:
            content += connection.recv(65536)
    return [json.loads(each) for each in re.findall(rb"data: (.*)\n\n", content)[:count]]


def test_a_program_follows_corrects_and_teaches_through_the_api(
    programs: Programs, hub: Start, embedding_path: Path, socket_path: Path
) -> None:
    programs.daemon("--model", str(embedding_path), "--name", "kitchen")
    found = hub()
    wait_for(found.connected, "the hub reaches the daemon")
    (microphone,) = found.ask("/api/v1/microphones").json
    assert microphone["hello"]["source"] == "kitchen"
    snapshot, *others = events(found, 4)
    assert (snapshot["type"], snapshot["id"]) == ("snapshot", "0")
    assert all(each["type"] in ("meter", "prediction", "utterance") for each in others)

    def utterances() -> list[dict[str, Any]]:
        return found.ask("/api/v1/microphones/0").json["utterances"]

    wait_for(utterances, "somebody speaks")
    last = utterances()[-1]
    assert last in [json.loads(line) for line in log_lines(programs.logs)]
    answer = found.request({"request": "correct", "label": "angry", "utterance": last["id"]})
    assert (answer.status, answer.json["label"], answer.json["examples"]) == (200, "angry", 1)
    wait_for(lambda: of(Correction, programs.logs), "the correction is logged")
    (correction,) = of(Correction, programs.logs)
    assert (correction.utterance, correction.label, correction.by) == (last["id"], "angry", "hub")
    wait_for(
        lambda: found.ask("/api/v1/microphones/0").json["corrections"] == {last["id"]: "angry"},
        "the hub knows of the correction",
    )
    wait_for(lambda: utterances()[-1] != last, "somebody speaks again")
    assert found.request({"request": "teach", "label": "tired"}).json["examples"] == 2
    listed = found.request({"request": "examples"}).json["examples"]
    assert [(each["label"], each["origin"]) for each in listed] == [
        ("angry", "correction"),
        ("tired", "teach"),
    ]
    assert found.request({"request": "forget", "all": True}).json["forgotten"] == 2
    for request, status, words in (
        ({"request": "correct", "label": "angy"}, 422, "unknown label angy; did you mean angry?"),
        ({"request": "correct", "label": "sad", "utterance": "x"}, 422, "no utterance x is in"),
        ({"request": "shutdown"}, 422, "this is no request"),
        (b"{", 422, "this is no request"),
        (b"[" * 5000, 422, "this is no request"),
    ):
        answer = found.request(request)
        assert (answer.status, answer.json["answer"]) == (status, "refused")
        assert words in answer.json["message"]
    health = found.ask("/api/v1/health").json
    states = {each["check"]: each["state"] for each in health["microphones"][0]["findings"]}
    assert states == dict.fromkeys(("service", "microphone", "model", "voices"), "ok")


@pytest.mark.parametrize(("asked", "language"), [("pt-BR", "pt"), ("xx", "en"), ("", "en")])
def test_the_prompts_are_those_of_teach_in_the_language_of_the_browser(
    guarded: tuple[Hub, str], asked: str, language: str
) -> None:
    hub, token = guarded
    headers = {"Authorization": f"Bearer {token}"}
    found = hub.ask(f"/api/v1/prompts?language={asked}", headers=headers).json
    assert found["language"] == language
    assert found["sentences"] == list(SENTENCES[language])
    assert found["scenes"] == {label: list(scenes) for label, scenes in SCENES.items()}


def log_lines(logs: Path) -> list[bytes]:
    return [line for each in logs.glob("*.jsonl") for line in each.read_bytes().splitlines()]


def of(kind: type, logs: Path) -> list[Any]:
    return [each for each in so_far(logs) if isinstance(each, kind)]


def test_days_are_told_by_the_page_and_by_the_api(
    programs: Programs, hub: Start, emotiond: Run, sample_path: Path
) -> None:
    emotiond("run", "--input", sample_path, "--fast", "--headless", "--log-dir", "logs")
    logged = of(Utterance, programs.logs)
    found = hub("--hub-log", "logs")
    day = date.today().isoformat()
    assert day in found.ask("/api/v1/days").json["days"]
    summary = found.ask(f"/api/v1/days/{day}").json
    assert summary == found.ask("/api/v1/days/today").json
    assert sum(summary["utterances"].values()) == len(logged)
    utterances = found.ask(f"/api/v1/days/{day}/utterances").json
    assert [(each["id"], each["label"]) for each in utterances] == [
        (each.id, each.label) for each in logged
    ]
    assert all(each["probabilities"] and each["corrected"] is None for each in utterances)
    page = found.ask(f"/day/{day}")
    assert page.status == 200
    assert page.body.count(b"<tr><th scope") >= len(logged)
    there = found.ask(f"/day?day={day}")
    assert (there.status, there.headers["location"]) == (303, f"/day/{day}")
    assert b"No daemon listened then." in found.ask("/day/2020-01-01").body


def test_several_microphones_are_kept_apart(programs: Programs, hub: Start, tmp_path: Path) -> None:
    for name in ("kitchen", "attic"):
        programs.daemon("--name", name, "--live-socket", name, "--log-dir", f"log-{name}")
    found = hub("--hub-socket", "kitchen", "--hub-socket", "attic")
    for number in (0, 1):
        wait_for(lambda n=number: found.connected(n), "the hub reaches the daemon")
    names = [each["hello"]["source"] for each in found.ask("/api/v1/microphones").json]
    assert names == ["kitchen", "attic"]
    for number, name in enumerate(names):
        assert found.request({"request": "status"}, f"{number}").json["source"] == name
        (utterance,) = [each for each in events(found, 40, number) if each["type"] == "utterance"][
            :1
        ]
        assert utterance["source"] == name


@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (("--hub-port", "70000"), 2, "--hub-port must be a whole number from 0 to 65535"),
        (("--hub-address", "no such"), 2, "no such is no address; name one of this machine"),
        (("--hub-address", "192.0.2.1", "--hub-token-file", "t"), 1, "can't listen at 192.0.2.1"),
        (
            ("--hub-auth", "always", "--hub-token-file", "/"),
            1,
            "token can't be kept in /: is a dir",
        ),
        (("--hub-log", "~nobody-9"), 2, "there is no user nobody-9"),
    ],
)
def test_a_hub_that_can_not_start_says_why_in_one_sentence(
    emotiond: Run, flags: tuple[str, ...], code: int, words: str
) -> None:
    ended = emotiond("hub", *flags)
    assert (ended.returncode, ended.stderr.count(b"\n")) == (code, 1)
    assert words in ended.stderr.decode()


def test_without_its_packages_the_hub_says_how_to_install_them(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "starlette.py").write_text("raise ModuleNotFoundError(name='starlette')")
    ended = subprocess.run(
        [sys.executable, "-m", "emotiond", "hub"],
        env={**environment, "PYTHONPATH": f"{tmp_path}:{environment.get('PYTHONPATH', '')}"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.decode() == (
        "emotiond: hub needs the package starlette; install it in the emotiond folder with: "
        "pip install '.[hub]'\n"
    )


@pytest.mark.slow
def test_records_and_log_are_the_same_with_a_hub_that_is_killed_at_random_and_without_one(
    tmp_path: Path, environment: dict[str, str], sample_path: Path
) -> None:
    def run(name: str) -> "subprocess.Popen[bytes]":
        flags = ("--headless", "--log-dir", name, "--live-socket", f"{name}.sock")
        return subprocess.Popen(
            [sys.executable, "-m", "emotiond", "run", "--input", sample_path, *flags],
            cwd=tmp_path,
            env=environment,
            stderr=subprocess.PIPE,
        )

    alone, watched = run("alone"), run("watched")
    chance = random.Random(7)  # noqa: S311
    hubs = 0
    while watched.poll() is None:
        hub = Hub(tmp_path, environment, "--hub-socket", "watched.sock", "--hub-log", "watched")
        hubs += 1
        clients = hub.connections(
            5, b"GET /api/v1/microphones/0/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        give_up = time.monotonic() + chance.uniform(0.2, 2.0)
        while time.monotonic() < give_up:
            hub.ask("/day/today")
            hub.request({"request": "status"})
        hub.kill()
        for each in clients:
            each.close()
    assert hubs > 2
    assert (alone.wait(timeout=30), watched.returncode) == (0, 0)
    assert (alone.communicate()[1], watched.communicate()[1]) == (b"", b"")
    records = [unstamped(so_far(tmp_path / name)) for name in ("alone", "watched")]
    assert records[0] == records[1]
    assert len(records[0]) > 10


def test_a_service_manager_is_told_when_the_hub_listens_and_where(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30.0)
        told = {**environment, "NOTIFY_SOCKET": str(tmp_path / "notify")}
        found = Hub(tmp_path, told)
        assert manager.recv(1000) == f"STATUS=at {found.origin}/".encode()
        assert manager.recv(1000) == b"READY=1"
        assert found.end() == (0, b"")


def test_a_terminal_gets_the_link_with_the_token_at_the_first_start_only(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    said = []
    for _ in range(2):
        main, terminal = pty.openpty()
        program = subprocess.Popen(
            [sys.executable, "-m", "emotiond", "hub", "--hub-port", "0", "--hub-auth", "always"],
            env=environment,
            stdout=terminal,
            stderr=subprocess.PIPE,
        )
        os.close(terminal)
        output = Output(main)
        output.wait_for_lines(2)
        program.send_signal(signal.SIGINT)
        assert (program.wait(timeout=10), program.communicate()[1]) == (0, b"")
        os.close(main)
        said.append(output.content.decode())
    token = (tmp_path / "state" / "emotiond" / "hub-token").read_text().strip()
    first, again = said
    assert f"/?token={token}\r\n" in first
    assert token not in again
    assert "hub-token" in again
