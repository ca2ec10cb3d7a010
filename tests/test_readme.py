"""What the README and the pages in docs/ say about commands, flags, figures and files is true."""

import argparse
import json
import re
import subprocess
from pathlib import Path

import pytest

from emotiond import cli
from tests.conftest import Run

HOUSE = Path(__file__).parents[1]
README = (HOUSE / "README.md").read_text()
PAGES = {
    str(each.relative_to(HOUSE)): each.read_text()
    for each in (
        *HOUSE.glob("*.md"),
        *(HOUSE / "docs").glob("*.md"),
        *(HOUSE / "models").glob("*.md"),
        HOUSE / "benchmarks" / "NOTES.md",
    )
}
PERFORMANCE = PAGES["docs/PERFORMANCE.md"]
OTHERS_FLAGS = {"--user", "--now", "--nthreads", "--nworkers", "--memory-limit"}
"""Flags of other programs: systemctl, journalctl and dask."""
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
CALL = re.compile(r"emotiond ([a-z]+)((?: +[^`\n|]*)?)")


def flags_of(command: str) -> set[str]:
    """Return all flags that the help of a command and of its actions names."""
    _, parsers = cli._parsers(command)
    actions = [
        parser
        for each in parsers[command]._actions
        if isinstance(each, argparse._SubParsersAction)
        for parser in each.choices.values()
    ]
    texts = [each.format_help() for each in (parsers[command], *actions)]
    return set(FLAG.findall("\n".join(texts)))


@pytest.fixture(scope="module")
def flags() -> dict[str, set[str]]:
    """Return the flags of every command."""
    program, _ = cli._parsers("")
    known = {command: flags_of(command) for command in cli.COMMANDS}
    return {**known, "": set(FLAG.findall(program.format_help()))}


def code_of(page: str) -> str:
    """Return all code of a page, spans and blocks, with broken command lines made whole."""
    found = re.findall(r"```[a-z]*\n(.*?)```|`([^`\n]+)`", PAGES[page], re.DOTALL)
    return re.sub(r"\\\n +", "", "\n".join(block or span for block, span in found))


def section(title: str) -> str:
    """Return a section of the README."""
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_table_of_commands_has_every_command() -> None:
    rows = [line.split(" | ")[0] for line in section("Commands").splitlines() if line[:2] == "| "]
    spans = {span for row in rows for span in re.findall(r"`([^`]+)`", row)}
    words = {re.sub(r"^.*emotiond ", "", span).split()[0] for span in spans}
    assert words == set(cli.COMMANDS)


@pytest.mark.parametrize("page", PAGES)
def test_every_flag_of_a_page_exists(page: str, flags: dict[str, set[str]]) -> None:
    known = set.union(*flags.values()) | OTHERS_FLAGS
    assert set(FLAG.findall(PAGES[page])) <= known


@pytest.mark.parametrize("page", PAGES)
def test_every_call_of_a_page_is_of_a_command_that_has_its_flags(
    page: str, flags: dict[str, set[str]]
) -> None:
    for command, rest in CALL.findall(code_of(page)):
        if command in cli.COMMANDS:
            assert set(FLAG.findall(rest)) <= flags[command], f"emotiond {command}{rest}"


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_exists(page: str) -> None:
    for target in set(re.findall(r"(?:^|sudo )make ([a-z-]+)", code_of(page), re.MULTILINE)):
        ended = subprocess.run(
            ["make", "--dry-run", target], cwd=HOUSE, capture_output=True, check=False
        )
        assert ended.returncode == 0, target


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, heading = link.partition("#")
        path = (HOUSE / page).parent / name if name else HOUSE / page
        assert path.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in titles}
            assert heading in slugs, link


def test_the_figures_of_cost_are_those_of_the_page_of_costs() -> None:
    def figure(name: str, column: int) -> float:
        line = re.search(rf"^\| {re.escape(name)} \|.*$", PERFORMANCE, re.MULTILINE)[0]
        return float(line.split("|")[column + 1].replace("*", "").split()[0])

    said = re.search(
        r"With the large model the daemon takes (\d+) % of a PC's core while somebody speaks, "
        r"(\d+) MB of memory with a microphone and the console, and ([\d.]+) s to start; with the "
        r"small one (\d+) %, (\d+) MB and ([\d.]+) s\. `\.venv` takes (\d+) MB on disk after "
        r"`make run`, (\d+) MB after a plain `pip install \.`",
        " ".join(README.split()),
    )
    assert said is not None
    of_models = [
        each
        for loop, memory in ((2, 1), (4, 2))  # columns of the large and of the small model
        for each in (
            round(figure("the loop in speech", loop)),
            figure("a microphone of PulseAudio, console", memory),
            round(figure("start to the first prediction", loop), 1),
        )
    ]
    on_disk = [figure("`make run`", 1), figure("`pip install .`", 1)]
    assert [float(each) for each in said.groups()] == [*of_models, *on_disk]


@pytest.mark.parametrize("model", ["large", "small"])
def test_the_figures_of_recognition_are_those_beside_the_model(model: str) -> None:
    metrics = json.loads((HOUSE / f"models/{model}/evaluation/metrics.json").read_text())
    uar = {(each["protocol"], each["corpus"]): each for each in metrics["rows"]}
    table = re.findall(rf"\| {model} \|([^|]*) \| (\d+) % \| (\d+) % \| (\d+) % \|", README)
    # Unseen speakers are judged by texts that are spoken in more than one emotion.
    key = {"the speaker": ("speakers", "shared_text_uar"), "the whole": ("cross-corpus", "uar")}
    for taught in metrics.get("taught", []):
        if taught["unseen"] == "corpus":
            key["the same, after [three examples]"] = ("taught", "uar")
            three = [each for each in taught["rows"] if each["count"] == 3]
            uar |= {("taught", each["corpus"]): each for each in three}
    assert len(table) == len(key)
    for words, *said in table:
        protocol, figure = key[next(each for each in key if words.strip().startswith(each))]
        rows = [uar[protocol, corpus] for corpus in ("ravdess", "nemo", "ased")]
        figures = [each[figure] or each["uar"] for each in rows]
        assert said == [f"{100 * each:.0f}" for each in figures]


def test_the_shares_of_ordinary_speech_are_those_of_the_large_model() -> None:
    live = json.loads((HOUSE / "models/large/evaluation/live.json").read_text())
    ordinary = live["non_speech"]["ordinary"]
    labels, count = ordinary["labels"], ordinary["utterances"]
    others = ordinary["utterances_marked"]
    said = re.search(
        r"(\d+) % of the sentences, `neutral` (\d+) %, another emotion (\d+) %",
        " ".join(README.split()),
    )
    shares = (labels["uncertain"] / count, labels["neutral"] / count, others)
    assert said is not None
    assert said.groups() == tuple(f"{100 * each:.0f}" for each in shares)


def test_exit_codes_and_errors_are_as_the_readme_says(emotiond: Run) -> None:
    assert "Exit codes: 0 done, 1 failed, 2 wrong usage or input;" in " ".join(README.split())
    assert "Errors are one line on stderr." in README
    for arguments, code in (
        (("config", "default"), 0),
        (("watch", "--live-socket", "nowhere"), 1),
        (("run", "--fast"), 2),
        (("model", "nowhere"), 2),
    ):
        ended = emotiond(*arguments)
        assert ended.returncode == code, arguments
        assert ended.stderr.count(b"\n") == bool(code)
