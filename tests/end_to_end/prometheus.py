"""Prometheus servers that tests start."""

import json
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

from tests.end_to_end.brokers import free_port, needed

HOUSE = Path(__file__).parents[2]


def tool(name: str) -> str:
    return needed(name, "EMOTIOND_REQUIRE_PROMETHEUS")


class Prometheus:
    """A server that scrapes hubs, each named by its port here or by address and port."""

    def __init__(
        self, folder: Path, *hubs: int | str, token: Path | None = None, every: str = "500ms"
    ) -> None:
        self.port = free_port()
        targets = [each if isinstance(each, str) else f"127.0.0.1:{each}" for each in hubs]
        job = {
            "job_name": "emotiond",
            "scrape_interval": every,
            "scrape_timeout": every,
            "static_configs": [{"targets": targets}],
        }
        if token is not None:
            job["authorization"] = {"credentials_file": str(token)}
        settings = {"scrape_configs": [job], "rule_files": [str(HOUSE / "docs" / "alerts.yml")]}
        (folder / "prometheus.yml").write_text(json.dumps(settings))  # JSON is YAML
        self.program = subprocess.Popen(
            [
                tool("prometheus"),
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{self.port}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def value(self, query: str) -> float | None:
        """Return the value of a query; None if there is none yet."""
        asked = urllib.parse.urlencode({"query": query})
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/api/v1/query?{asked}", timeout=10
            ) as answer:
                found = json.load(answer)["data"]["result"]
        except OSError:
            return None
        return float(found[0]["value"][1]) if found else None

    def kill(self) -> None:
        self.program.kill()
        self.program.wait()
