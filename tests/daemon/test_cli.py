"""The command line: exit codes, and errors of one line."""

import sys
from types import SimpleNamespace

import pytest

from emotiond import __version__, cli
from emotiond.errors import DeviceError, EmotiondError, InputError, ModelError, SoundError


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run the command line and return its exit code, output and errors."""
    try:
        code = cli.main(arguments)
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, err = capsys.readouterr()
    return code, out, err


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


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--help")
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
        ([], "COMMAND"),
        (["sing"], "sing"),
        (["--loud"], "COMMAND"),
        (["run", "--loud"], "--loud"),
        (["run", "--hop-seconds"], "--hop-seconds"),
        (["run", "--hop-seconds", "often", "--input", "x.wav"], "--hop-seconds must be a number"),
        (["run", "--fast"], "--fast"),
        (["run", "--config", "/nowhere/emotiond.toml"], "no such file"),
        (["run", "--model", "/nowhere/model.tflite", "--input", "x.wav"], "no such file"),
        (["classify"], "FILE"),
        (["classify", "--model", "/nowhere/model.tflite", "x.wav"], "no such file"),
        (["model", "/nowhere/model.tflite"], "no such file"),
        (["devices", "all"], "all"),
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
    ("extra", "missing"), [(None, "keras"), ("train", "emotiond_training.lost")]
)
def test_a_missing_module_of_our_own_is_a_traceback(
    command, extra: str | None, missing: str
) -> None:
    def fail(_: object) -> int:
        raise ModuleNotFoundError(f"No module named {missing!r}", name=missing)

    command(fail, extra)
    with pytest.raises(ModuleNotFoundError):
        cli.main(["run"])
