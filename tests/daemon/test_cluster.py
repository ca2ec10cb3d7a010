"""Work on a real cluster: in order, whatever happens to the workers."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emotiond import cluster as module
from emotiond.cluster import in_order
from emotiond.errors import EmotiondError, InputError
from tests.daemon.clusters import Cluster, cluster_of

if TYPE_CHECKING:
    from distributed import Client

pytest.importorskip("distributed", reason="needs the extra cluster")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with cluster_of(2) as found:
        yield found


def squares() -> Callable[[int], int]:
    def square(number: int) -> int:
        time.sleep(0.01 * (number % 3))
        if number < 0:
            raise InputError(f"{number} is below 0")
        return number * number

    return square


def processes() -> Callable[[int], int]:
    return lambda _: os.getpid()


def deadly() -> Callable[[int], int]:
    def work(number: int) -> int:
        if number == 1:
            os._exit(1)
        return number

    return work


class Marking:
    """Writes down each item, and takes a while."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self) -> Callable[[int], int]:
        return self._work

    def _work(self, number: int) -> int:
        (self._folder / f"{os.getpid()}").touch()
        time.sleep(0.1)
        return number


def test_results_come_in_the_order_of_the_items_from_all_workers(cluster: Cluster) -> None:
    assert list(in_order(cluster.address, squares, range(50))) == [n * n for n in range(50)]
    assert list(in_order(cluster.address, squares, [])) == []
    found = set(in_order(cluster.address, processes, range(20)))
    assert len(found) == 2
    assert os.getpid() not in found


def test_an_error_comes_in_the_place_of_its_result(cluster: Cluster) -> None:
    results = in_order(cluster.address, squares, [1, 2, -3, 4])
    assert [next(results), next(results)] == [1, 4]
    with pytest.raises(InputError, match="-3 is below 0"):
        next(results)


def test_a_worker_that_is_killed_in_the_middle_costs_nothing(tmp_path: Path) -> None:
    with cluster_of(2) as cluster:
        results = in_order(cluster.address, Marking(tmp_path), range(40))
        found = [next(results) for _ in range(5)]
        assert len(list(tmp_path.iterdir())) == 2
        cluster.kill(0)
        assert [*found, *results] == list(range(40))


def test_a_worker_that_dies_while_versions_are_compared_costs_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with cluster_of(2) as cluster:
        connect = module._connect

        def connect_and_stop(address: str) -> "Client":
            client = connect(address)
            # The worker can't answer the question that follows, and dies over it.
            os.kill(cluster.workers[0].pid, signal.SIGSTOP)
            threading.Timer(1.0, cluster.kill, [0]).start()
            return client

        monkeypatch.setattr(module, "_connect", connect_and_stop)
        assert list(in_order(cluster.address, squares, [2, 3])) == [4, 9]


def test_an_item_whose_workers_die_has_no_result_and_the_next_has() -> None:
    with cluster_of(3) as cluster:
        assert list(in_order(cluster.address, deadly, [1])) == [None]
        assert list(in_order(cluster.address, deadly, [2, 3])) == [2, 3]


def test_a_cluster_without_workers_is_said_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.2)
    with cluster_of(0) as cluster:
        later = threading.Timer(1.0, cluster.add_worker)
        later.start()
        assert list(in_order(cluster.address, squares, [2, 3])) == [4, 9]
        later.join()
    assert capsys.readouterr().err == "emotiond: the cluster has no worker; waiting for one\n"


def test_a_cluster_that_goes_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.2)
    with cluster_of(1) as cluster:
        results = in_order(cluster.address, Marking(tmp_path), range(100))
        next(results)
        cluster.end()
        with pytest.raises(EmotiondError, match=r"the cluster at .* has gone; start it, and run"):
            list(results)


@pytest.mark.parametrize("address", ["nonsense", "10.0.0.1", "http://x:1", "tcp://x", "tcp://x:y"])
def test_a_text_that_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="is no address of a cluster; one is like"):
        next(in_order(address, squares, [1]))


def test_an_address_where_no_cluster_is_and_a_missing_package_are_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "CONNECT_SECONDS", 0.5)
    with pytest.raises(
        EmotiondError, match=r"no cluster answers at tcp://127\.0\.0\.1:9; start one"
    ):
        next(in_order("tcp://127.0.0.1:9", squares, [1]))
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(EmotiondError, match=r"needs the package distributed; .*\[cluster\]"):
        next(in_order("tcp://127.0.0.1:9", squares, [1]))


def test_workers_with_another_version_are_refused(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "__version__", "99")
    with pytest.raises(EmotiondError, match=r"has emotiond .*, not 99; install the same version"):
        next(in_order(cluster.address, squares, [1]))
