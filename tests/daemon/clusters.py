"""Clusters of dask that tests start: a scheduler and workers, each a process of its own."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.end_to_end.programs import wait_for

HOUSE = Path(__file__).parents[2]


class Cluster:
    """A scheduler on a port of its own, and its workers."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
        host, _, port = self.address.removeprefix("tcp://").partition(":")
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self._start("scheduler", "--host", host, "--port", port)

    def add_worker(self) -> None:
        """Start a worker: a process without a nanny, which nothing starts again."""
        self.workers.append(self._start("worker", self.address, "--nthreads", "1", "--no-nanny"))

    def kill(self, worker: int) -> None:
        os.kill(self.workers[worker].pid, signal.SIGKILL)

    def end(self) -> None:
        for each in (*self.workers, self.scheduler):
            each.kill()
            each.wait()

    def _start(self, *arguments: str) -> "subprocess.Popen[bytes]":
        paths = [str(HOUSE / each) for each in ("daemon", "training", "export", ".")]
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
                "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextlib.contextmanager
def cluster_of(workers: int) -> Iterator[Cluster]:
    """Yield a cluster that has some workers."""
    from distributed import Client

    cluster = Cluster()
    try:
        for _ in range(workers):
            cluster.add_worker()
        with Client(cluster.address, timeout=30, set_as_default=False) as client:
            wait_for(lambda: len(client.nthreads()) == workers, "the workers are there")
        yield cluster
    finally:
        cluster.end()
