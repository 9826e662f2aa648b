"""Starts `judge_server.py` as a process, and talks to it beside the API."""

import json
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WELL_BEHAVED = {"faults": (), "hold": None, "slow": 0.0}


@dataclass
class ServerProcess:
    """A served judge."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def steer(self, *faults: str, hold: int | None = None, slow: float = 0.0) -> None:
        """What becomes of the next requests: faults by name, then answers; none beyond `hold`."""
        self._call(json.dumps({"faults": faults, "hold": hold, "slow": slow}).encode())

    def forget(self) -> None:
        """Behave, with an empty log."""
        self._call(json.dumps({**WELL_BEHAVED, "forget": True}).encode())

    def log(self) -> dict:
        return self._call(None)

    def _call(self, data: bytes | None) -> dict:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.port}/control", data, timeout=10) as reply:
            return json.loads(reply.read())


@contextmanager
def judge_server(*options: str):
    here = Path(__file__).parent
    process = subprocess.Popen(
        [sys.executable, str(here / "judge_server.py"), *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield ServerProcess(int(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait(10)
        process.stdout.close()
