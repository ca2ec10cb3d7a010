"""The whole program with a model that is too slow for a while."""

import contextlib
import subprocess
import sys
import time
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest

from emotiond.record import Prediction, Status
from tests.conftest import pcm
from tests.daemon.logs import so_far
from tests.end_to_end.test_watchdog import Manager, manager, started  # noqa: F401 (fixtures)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_daemon_survives_a_slow_model_with_fewer_predictions(manager: Manager) -> None:  # noqa: F811
    def last_events_are(*events: str) -> bool:
        return manager.events()[-len(events) :] == list(events)

    manager.break_down("slow")
    manager.wait_for("STATUS=overload")
    manager.wait_for("WATCHDOG=1", 8)
    manager.break_down("")
    manager.wait_for("STATUS=recovered")
    manager.wait_for("WATCHDOG=1", 5)
    assert manager.stop() == 0
    assert not manager.watchdog_acted
    assert last_events_are("overload", "recovered", "stopping")
    records = so_far(Path(manager.log))
    widths = [
        [round(each.end - each.start, 1) for each in part if isinstance(each, Prediction)]
        for is_status, part in groupby(records, lambda each: isinstance(each, Status))
        if not is_status
    ]
    before, during, after = widths
    assert max(during) >= 1.0 > max(before)
    assert max(after) < 1.0


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("flags", [(), ("--fast",)])
def test_a_slow_model_is_noticed_on_sound_from_a_live_pipe(
    tmp_path: Path, environment: dict[str, str], sample: np.ndarray, flags: tuple[str, ...]
) -> None:
    fault, logs, program = tmp_path / "fault", tmp_path / "logs", Path(__file__)
    fault.write_text("slow")
    command = [sys.executable, str(program.with_name("breakable.py")), str(fault), "run"]
    command += ["--input", "-", "--headless", "--log-dir", str(logs), *flags]
    quarter = 2 * 16_000 // 4
    sound = pcm(np.tile(sample, 4))

    def seen() -> list[str]:
        return [each.event for each in so_far(logs) if isinstance(each, Status)]

    with subprocess.Popen(command, stdin=subprocess.PIPE, env=environment) as process:
        began = time.monotonic()
        with contextlib.closing(process.stdin):
            while "recovered" not in seen():
                now = time.monotonic()
                assert now - began < 120.0, seen()
                if "overload" in seen():
                    fault.write_text("")
                # As arecord does: sound that the pipe has no room for is lost.
                at = round((now - began) * 4) % 80 * quarter
                process.stdin.write(sound[at : at + quarter])
                process.stdin.flush()
                time.sleep(0.25)
        assert process.wait(timeout=20) == 0
    assert seen() == ["started", "overload", "recovered", "source_ended"]
