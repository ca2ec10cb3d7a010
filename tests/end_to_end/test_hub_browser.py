"""The hub's pages in a real browser, beside a daemon that hears the sample again and again."""

import json
import select
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_selenium_python import Axe
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from emotiond.record import Correction, Utterance
from emotiond.teaching.scenes import SCENES
from emotiond.teaching.sentences import SENTENCES
from tests.daemon.history import histories as h
from tests.daemon.logs import so_far
from tests.end_to_end.browser import Browser
from tests.end_to_end.hubs import Hub
from tests.end_to_end.programs import Programs, wait_for

pytestmark = pytest.mark.slow

VIEWS = ("/", "/day/yesterday", "/voices", "/health")
EVIL = "<img src=x onerror=pwned()>"
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = Browser()
    yield found
    found.end()


class House:
    """A daemon that listens, and a hub beside it."""

    def __init__(
        self, programs: Programs, folder: Path, environment: dict[str, str], *model: str
    ) -> None:
        self.logs = programs.logs
        self._programs, self._folder, self._environment = programs, folder, environment
        self._model = model
        past = folder / "past"
        past.mkdir()
        yesterday(past)
        self.daemon = self.start_daemon()
        self.hub = self.start_hub()
        wait_for(self.hub.connected, "the hub reaches the daemon")

    def start_daemon(self) -> Any:
        return self._programs.daemon("--name", "kitchen", *self._model)

    def start_hub(self, port: int = 0) -> Hub:
        logs = ("--hub-log", "logs", "--hub-log", "past")
        return Hub(self._folder, self._environment, *logs, port=port)

    def of(self, kind: type) -> list[Any]:
        return [each for each in so_far(self.logs) if isinstance(each, kind)]


@pytest.fixture
def house(
    programs: Programs,
    tmp_path: Path,
    environment: dict[str, str],
    embedding_path: Path,
    browser: Browser,
) -> Iterator[House]:
    found = House(programs, tmp_path, environment, "--model", str(embedding_path))
    browser.see(1280, 900)
    browser.complaints()
    browser.loaded()
    yield found
    assert found.hub.end() == (0, b"")


def yesterday(folder: Path) -> None:
    """Write a log of yesterday noon."""
    then = datetime.now(UTC).replace(hour=12, minute=0) - timedelta(days=1)
    moment = then.timestamp()
    lines = [
        h.status(moment, "started"),
        *h.speech(moment + 600.0, 600.0, 40),
        h.utterance(moment + 622.0, 600.0, 620.0, "merry", id="a", source=EVIL),
    ]
    (folder / f"predictions-{then.date()}.jsonl").write_bytes(b"\n".join(lines) + b"\n")


def test_live_follows_the_daemon_and_a_correction_reaches_the_log(
    house: House, browser: Browser
) -> None:
    browser.open(house.hub.origin)
    browser.wait_for(lambda: "%" in browser.text("#bars"), "probabilities are shown")
    labels = [each.text for each in browser.all("#bars .name")]
    assert labels == ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]
    browser.wait_for(lambda: browser.all("#utterances li"), "an utterance is shown")
    rows = {
        each.get_attribute("data-id"): each.find_element("css selector", ".what").text
        for each in browser.all("#utterances li")
    }
    logged = {each.id: each for each in house.of(Utterance)}
    for name, words in rows.items():
        record = logged[name]
        assert words == f"{record.label or record.state} {record.confidence:.0%}".replace("%", " %")
    for line in ("level", "floor", "threshold", "speech"):
        assert browser.one(f"#chart path.{line}").get_attribute("d").count("L") >= 2
    assert "noise floor -" in browser.text("#numbers")
    assert browser.text("#said") in rows.values() or ", " in browser.run(
        "return document.getElementById('said').textContent"
    )

    row = browser.all("#utterances li")[-1]
    name = row.get_attribute("data-id")
    # With the keyboard alone: open the choices, and go to the second of them.
    summary = row.find_element("css selector", "summary")
    summary.send_keys(Keys.ENTER)
    summary.send_keys(Keys.TAB, Keys.TAB)
    browser.driver.switch_to.active_element.send_keys(Keys.ENTER)
    browser.wait_for(lambda: "really: disgust" in row.text, "the correction is shown")
    wait_for(lambda: house.of(Correction), "the correction is logged")
    (correction,) = house.of(Correction)
    assert (correction.utterance, correction.label, correction.by) == (name, "disgust", "hub")
    assert browser.text("#answer").startswith("Corrected: disgust, was ")
    browser.one("#undo").click()
    browser.wait_for(lambda: "really" not in row.text, "it is taken back")
    assert [each.label for each in house.of(Correction)] == ["disgust", None]
    assert browser.complaints() == []
    assert all(each.startswith(house.hub.origin) for each in browser.loaded())


def test_the_page_comes_back_by_itself_after_the_daemon_and_after_the_hub(
    house: House, browser: Browser
) -> None:
    browser.open(house.hub.origin)
    browser.wait_for(lambda: "%" in browser.text("#bars"), "it is followed")
    house.daemon.kill()
    browser.wait_for(lambda: browser.text("#word") == "not connected", "its end is shown")
    assert "waiting for it to start again" in browser.text("#trouble")
    house.daemon.wait()
    house.start_daemon()
    browser.wait_for(lambda: "%" in browser.text("#bars"), "it is followed again")
    assert browser.text("#trouble") == ""
    port = house.hub.port
    house.hub.kill()
    browser.wait_for(lambda: "hub does not answer" in browser.text("#trouble"), "the hub is gone")
    house.hub = house.start_hub(port)
    browser.wait_for(lambda: "%" in browser.text("#bars"), "the hub is back")


def test_yesterday_is_shown_without_javascript(house: House, browser: Browser) -> None:
    browser.script(on=False)
    try:
        browser.open(f"{house.hub.origin}/day/yesterday")
        assert "of it was speech" in browser.text("main")
        assert EVIL in browser.text("main")
        assert [each.text for each in browser.all("nav a")] == ["Live", "Day", "Voices", "Health"]
        browser.one("form button").click()
        day = f"{house.hub.origin}/day/20"
        browser.wait_for(lambda: browser.driver.current_url.startswith(day), "the day is shown")
        browser.open(house.hub.origin)
        assert "This view needs JavaScript" in browser.text("main")
    finally:
        browser.script(on=True)


def test_voices_are_taught_listed_and_forgotten_and_names_stay_text(
    house: House, browser: Browser
) -> None:
    browser.open(f"{house.hub.origin}/voices")
    browser.wait_for(lambda: "Nobody has taught" in browser.text("#estimate"), "it is asked")
    browser.run("window.pwned = () => { window.hit = true; }")
    browser.one("#label").send_keys("angry")
    browser.one("#speaker").send_keys(EVIL)
    browser.one("#start button").click()
    assert browser.text("#way") == "angry"
    assert browser.text("#scene") in SCENES["angry"]
    assert browser.text("#sentence") in SENTENCES["en"]
    browser.wait_for(browser.one("#keep").is_enabled, "an utterance is heard")
    browser.one("#keep").click()
    browser.wait_for(lambda: EVIL in browser.text("#examples"), "the example is listed")
    taught = "Taught: angry, heard as "
    browser.wait_for(lambda: browser.text("#answer").startswith(taught), "it is taught")
    few = "1 example; too few for an estimate"
    browser.wait_for(lambda: few in browser.text("#estimate"), "the estimate is there")
    assert browser.run("return [window.hit === true, document.images.length]") == [False, 0]
    browser.one("#stop").click()
    browser.one("#examples button").click()
    browser.driver.switch_to.alert.accept()
    browser.wait_for(lambda: "Nobody has taught" in browser.text("#estimate"), "it is forgotten")
    assert browser.complaints() == []


def test_live_has_the_labels_that_were_taught_meanwhile(house: House, browser: Browser) -> None:
    browser.open(house.hub.origin)
    browser.wait_for(lambda: "angry" in browser.text("#bars"), "the bars are there")
    wait_for(lambda: house.of(Utterance), "an utterance ends")
    house.hub.request({"request": "teach", "label": "whispering"})
    browser.wait_for(lambda: "whispering" in browser.text("#bars"), "the label is shown")
    assert "angry" not in browser.text("#bars")
    hello = house.hub.ask("/api/v1/microphones/0").json["hello"]
    assert (hello["labels"], hello["examples"]) == (["whispering"], 1)


def test_the_policy_holds_and_nothing_is_loaded_from_elsewhere(
    house: House, browser: Browser
) -> None:
    browser.loaded()
    for view in VIEWS:
        browser.open(f"{house.hub.origin}{view}")
        browser.wait_for(lambda: browser.text("main"), "it is there")
    loaded = browser.loaded()
    assert len(loaded) > 10
    assert [each for each in loaded if not each.startswith(f"{house.hub.origin}/")] == []
    assert browser.complaints() == []
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        browser.run(
            "const one = document.createElement('script'); one.textContent = 'window.hit = 1';"
            "const other = document.createElement('script'); other.src = `${arguments[0]}/x.js`;"
            "const picture = document.createElement('img'); picture.src = arguments[0];"
            "document.body.append(one, other, picture); fetch(arguments[0]).catch(() => {});",
            f"http://127.0.0.1:{elsewhere.getsockname()[1]}",
        )
        refused: list[str] = []
        browser.wait_for(
            lambda: refused.extend(browser.complaints()) or len(refused) >= 4, "all are refused"
        )
        assert select.select([elsewhere], [], [], 0.5)[0] == []
    assert all("Content Security Policy" in each for each in refused)
    assert browser.run("return window.hit ?? null") is None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_is_wider_than_a_phone_and_axe_finds_nothing_grave(
    house: House, browser: Browser, scheme: str
) -> None:
    wait_for(lambda: house.of(Utterance), "somebody speaks")
    house.hub.request({"request": "teach", "label": "a label that is as long as labels may be"})
    house.hub.request({"request": "correct", "label": "sad"})
    for width, height in ((390, 844), (1280, 900)):
        browser.see(width, height, scheme)
        for view in VIEWS:
            browser.open(f"{house.hub.origin}{view}")
            browser.wait_for(lambda: browser.all("#bars li, tbody tr"), "it is filled")
            for each in browser.all("#utterances summary"):
                each.click()
            page = "document.documentElement"
            assert browser.run(f"return {page}.scrollWidth <= {page}.clientWidth"), (view, width)
            axe = Axe(browser.driver)
            axe.inject()
            grave = [
                (each["id"], [node["html"] for node in each["nodes"]])
                for each in axe.run()["violations"]
                if each["impact"] in GRAVE
            ]
            assert grave == [], (view, width)


def test_a_chooser_leads_from_one_microphone_to_the_other(
    house: House,
    browser: Browser,
    tmp_path: Path,
    environment: dict[str, str],
    socket_path: Path,
) -> None:
    sockets = ("--hub-socket", str(socket_path), "--hub-socket", "nowhere")
    hub = Hub(tmp_path, environment, *sockets)
    wait_for(hub.connected, "the hub reaches the daemon")
    browser.open(hub.origin)
    browser.wait_for(lambda: "%" in browser.text("#bars"), "the first is followed")
    chooser = Select(browser.one("#chooser select"))
    assert [each.text for each in chooser.options] == ["kitchen", "microphone 1"]
    chooser.select_by_index(1)
    browser.wait_for(lambda: browser.text("#word") == "not connected", "the second is shown")
    assert "no such file" in browser.text("#trouble")
    browser.one("nav a[href*='/voices']").click()
    browser.wait_for(lambda: browser.all("#chooser option"), "the other view is there")
    assert browser.run("return document.querySelector('#chooser select').value") == "1"
    assert hub.end() == (0, b"")


def test_a_link_with_the_token_opens_the_hub_once_for_all(
    tmp_path: Path, environment: dict[str, str], browser: Browser
) -> None:
    hub = Hub(tmp_path, environment, "--hub-auth", "always", "--hub-socket", "nowhere")
    token = (tmp_path / "state" / "emotiond" / "hub-token").read_text().strip()
    browser.open(f"{hub.origin}/health")
    assert "needs its token" in browser.text("body")
    browser.open(f"{hub.origin}/?token={token}")
    browser.wait_for(lambda: browser.text("#word") == "not connected", "the page is there")
    assert browser.driver.current_url == f"{hub.origin}/"
    assert browser.run("return document.cookie") == ""
    assert browser.run("return document.referrer") == ""
    browser.open(f"{hub.origin}/health")
    browser.wait_for(lambda: "no daemon is reached" in browser.text("#findings"), "it is filled")
    assert json.loads(browser.run("return JSON.stringify({...localStorage})")) == {}
    assert hub.end() == (0, b"")
