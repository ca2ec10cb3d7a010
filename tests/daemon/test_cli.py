"""The command line: exit codes, and errors of one line."""

import contextlib
import errno
import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emotiond import __version__, cli
from emotiond.errors import DeviceError, EmotiondError, InputError, ModelError, SoundError
from tests.daemon.oddities import FILES, VARIABLES, odd_user


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command line and return its exit code, output and errors."""
    try:
        code = cli.main(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


class Full(io.StringIO):
    """A stream on a full disk."""

    def write(self, _: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch):
    """Return a function that replaces the command ``run``."""

    def put(action, extra: str | None = None) -> None:
        module = SimpleNamespace(add_arguments=lambda _: None, run=action)
        monkeypatch.setitem(sys.modules, "emotiond_made_up", module)
        monkeypatch.setitem(cli.COMMANDS, "run", cli.Command("emotiond_made_up", "help", extra))

    return put


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"emotiond {__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, err) == (0, "")
    for name, each in cli.COMMANDS.items():
        assert name in out
        assert each.help in " ".join(out.split())


@pytest.mark.parametrize("name", [each for each in cli.COMMANDS if not cli.COMMANDS[each].extra])
def test_every_command_has_a_help_page(capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, err = run(capsys, name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: emotiond {name}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sing"], "unknown command sing"),
        (["confg", "check"], "unknown command confg; did you mean config? See emotiond --help"),
        ([""], "unknown command ''"),
        (["-"], "unknown command -"),
        (["--loud"], "unknown flag --loud; a command comes first; see emotiond --help"),
        (["--headless", "run"], "unknown flag --headless; a command comes first"),
        (["--verson"], "unknown flag --verson; did you mean --version?"),
        (["run", "--loud"], "unknown flag --loud; see emotiond run --help"),
        (
            ["run", "--gate-margin", "3"],
            "unknown flag --gate-margin; did you mean --gate-margin-db",
        ),
        (["run", "--gate-margin=3"], "unknown flag --gate-margin; did you mean --gate-margin-db"),
        (["run", "\x1b[2J\n"], r"unexpected argument \x1b[2J\n"),
        (["run", "--\x1b[2J\n"], r"unknown flag --\x1b[2J\n"),
        (["run", "--hop-seconds"], "--hop-seconds"),
        (["run", "--hop-seconds", "often", "--input", "x.wav"], "--hop-seconds must be a number"),
        (["run", "--fast"], "--fast"),
        (["run", "--config", "/nowhere/emotiond.toml"], "no such file"),
        (["run", "--model", "/nowhere/model.tflite", "--input", "x.wav"], "no such file"),
        (["classify"], "FILE"),
        (["classify", "--jobs", "0", "x"], "--jobs must be a whole number from 1 on, not '0'; see"),
        (["classify", "--jobs", "two", "x"], "--jobs must be a whole number from 1 on, not 'two'"),
        (["classify", "--model", "/nowhere/model.tflite", "x.wav"], "no such file"),
        (["model", "/nowhere/model.tflite"], "no such file"),
        (["devices", "all"], "unexpected argument all"),
        (["config"], "ACTION"),
        (["config", "mend"], "mend"),
        (["config", "check", "/nowhere/emotiond.toml"], "no such file"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert err.startswith("emotiond: ")
    assert err.count("\n") == 1
    assert words in err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (EmotiondError("it broke"), 1),
        (DeviceError("it broke", "mend it"), 1),
        (InputError("it broke"), 2),
        (ModelError("it broke"), 2),
        (SoundError("it broke"), 2),
    ],
)
def test_an_error_is_printed_in_one_line_and_sets_the_exit_code(
    capsys: pytest.CaptureFixture[str], command, error: EmotiondError, code: int
) -> None:
    def fail(_: object) -> int:
        raise error

    command(fail)
    assert run(capsys, "run") == (code, "", f"emotiond: {error}\n")


def test_a_message_is_one_line_whatever_names_are_in_it(
    capsys: pytest.CaptureFixture[str], command
) -> None:
    def fail(_: object) -> int:
        raise InputError("a\x1b[2J\nb\u202e: " + os.fsdecode(b"\xe9"))

    command(fail)
    assert run(capsys, "run")[2] == "emotiond: a\\x1b[2J\\nb\\u202e: \\xe9\n"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (FileNotFoundError(errno.ENOENT, "No such file", "a\nb"), r"a\nb: no such file"),
        (PermissionError(errno.EACCES, "Denied", b"x.log"), "x.log: denied"),
        (IsADirectoryError(errno.EISDIR, "Is a directory", Path("x")), "x: is a directory"),
        (OSError(errno.EBADF, "Bad file descriptor", 3), "bad file descriptor"),
        (OSError(errno.ENOSPC, "No space left on device"), "no space left on device"),
        (OSError("it broke"), "it broke"),
    ],
)
def test_an_error_of_the_system_names_its_file(
    capsys: pytest.CaptureFixture[str], command, error: OSError, message: str
) -> None:
    def fail(_: object) -> int:
        raise error

    command(fail)
    assert run(capsys, "run") == (1, "", f"emotiond: {message}\n")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["run", "--help"], ["config", "default"]])
def test_an_output_that_can_not_be_written_is_an_error(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    assert cli.main(arguments) == 1
    assert capsys.readouterr().err == "emotiond: no space left on device\n"


def test_an_error_that_can_not_be_printed_keeps_its_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    assert cli.main(["model", "/nowhere/model.tflite"]) == 2


@pytest.mark.parametrize("code", [0, 1, 2])
def test_the_program_exits_with_the_code_of_its_command(
    capsys: pytest.CaptureFixture[str], command, code: int
) -> None:
    command(lambda _: code)
    assert run(capsys, "run") == (code, "", "")


def test_ctrl_c_prints_no_traceback(capsys: pytest.CaptureFixture[str], command) -> None:
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    command(interrupted)
    assert run(capsys, "run") == (130, "", "")


@pytest.mark.parametrize("name", ["train", "evaluate", "export"])
def test_a_missing_extra_is_reported_with_the_command_that_installs_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = cli.importlib.import_module

    def without_keras(module: str) -> object:
        if module == cli.COMMANDS[name].module:
            raise ModuleNotFoundError("No module named 'keras'", name="keras")
        return real(module)

    monkeypatch.setattr(cli.importlib, "import_module", without_keras)
    assert run(capsys, name, "--help") == (
        1,
        "",
        f"emotiond: {name} needs the package keras; "
        "install it in the emotiond folder with: pip install '.[train]'\n",
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ModuleNotFoundError("No module named 'rich'", name="rich"), "No module named 'rich'"),
        (ImportError("libx.so: cannot open\nREAD THIS"), "libx.so: cannot open"),
        (ImportError(name="rich"), "rich"),
    ],
)
def test_a_package_of_the_daemon_that_can_not_be_imported_is_one_line(
    capsys: pytest.CaptureFixture[str], command, error: ImportError, reason: str
) -> None:
    def fail(_: object) -> int:
        raise error

    command(fail)
    assert run(capsys, "run") == (
        1,
        "",
        f"emotiond: a package can't be imported ({reason}); install emotiond again, "
        "in its folder, with: pip install --force-reinstall .\n",
    )


@pytest.mark.parametrize("extra", [None, "train"])
@pytest.mark.parametrize("kind", [ImportError, ModuleNotFoundError])
def test_a_missing_module_of_our_own_is_a_traceback(
    command, extra: str | None, kind: type[ImportError]
) -> None:
    def fail(_: object) -> int:
        raise kind("cannot import name 'x'", name="emotiond_training.lost")

    command(fail, extra)
    with pytest.raises(ImportError):
        cli.main(["run"])


def outcome(*arguments: str) -> tuple[int, str]:
    """Run the command line; return its exit code and errors."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.main(arguments)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return code, err.getvalue()


ARGUMENT = st.one_of(
    st.sampled_from(["check", "default", "--help", "-h", "--json", "--model", "--jobs", "-", "--"]),
    st.text(st.characters(exclude_characters="\0")),
    st.binary().map(lambda each: os.fsdecode(each.replace(b"\0", b""))),
)


@given(
    name=st.one_of(st.sampled_from(["config", "model", "classify"]), ARGUMENT),
    rest=st.lists(ARGUMENT, max_size=4),
)
def test_no_arguments_are_a_traceback(name: str, rest: list[str]) -> None:
    code, err = outcome(name, *rest)
    assert code in (0, 1, 2)
    # ``classify`` writes a line for each file, and to the descriptor itself.
    if code == 2 and name != "classify":
        assert err.startswith("emotiond: ")
        assert len(err.splitlines()) == err.count("\n") == 1


@given(content=FILES, variables=VARIABLES, known=st.booleans())
def test_no_settings_file_and_no_environment_are_a_traceback(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    variables: dict[str, str],
    known: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "emotiond.toml"
    path.write_bytes(content)
    with odd_user(variables, known=known):
        for given_file in ((), (str(path),)):
            code, err = outcome("config", "check", *given_file)
            assert code in (0, 2)
            assert len(err.splitlines()) == err.count("\n") == bool(code)
    assert list(tmp_path.iterdir()) == [path]
