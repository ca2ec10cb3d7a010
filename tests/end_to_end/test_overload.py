"""The whole program with a model that is too slow for a while."""

from itertools import groupby
from pathlib import Path

import pytest

from emotiond.record import Prediction, Status, decode
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
    content = b"".join(each.read_bytes() for each in Path(manager.log).glob("*.jsonl"))
    records = [decode(line) for line in content.splitlines()]
    widths = [
        [round(each.end - each.start, 1) for each in part if isinstance(each, Prediction)]
        for is_status, part in groupby(records, lambda each: isinstance(each, Status))
        if not is_status
    ]
    before, during, after = widths
    assert max(during) >= 1.0 > max(before)
    assert max(after) < 1.0
