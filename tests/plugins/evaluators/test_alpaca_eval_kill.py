"""Processes that ask a served judge are killed, and run side by side: the server's log says what was paid for."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from judge_process import judge_server


@pytest.fixture(scope="module")
def process():
    with judge_server() as found:
        yield found


@pytest.fixture
def server(process, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    process.forget()
    return process


CHILD = """
import json, sys
from pathlib import Path
from harness_plugins.evaluators.alpaca_eval.costs import Prices
from harness_plugins.evaluators.alpaca_eval.endpoint import Endpoint
from harness_plugins.evaluators.alpaca_eval.patience import Patience
from harness_plugins.evaluators.alpaca_eval.template import DEFAULT, read_template
from harness import Comparison, user_prompt

asked = [Comparison(user_prompt(f"question {i}"), f"a{i}", f"b{i}") for i in range(40)]
served = Endpoint(sys.argv[1], "tiny", "JUDGE_KEY", read_template(DEFAULT), 20, 0, Patience(4, 5.0, 2, 0.01),
                  Path(sys.argv[2]), lambda done, total: None)
found = served.complete(asked)
print(json.dumps([dict(served.counted), found]))
"""


def child(server, folder):
    return subprocess.Popen([sys.executable, "-c", CHILD, server.url, str(folder)], stdout=subprocess.PIPE, text=True)


def test_after_a_kill_in_mid_run_nothing_is_paid_twice(tmp_path, server):
    server.steer(hold=17)  # then exactly 17 verdicts are given, and 4 requests in flight
    killed = child(server, tmp_path)
    wait_for(lambda: server.log()["waiting"] == 4 and server.log()["answered"] == 17)
    wait_for(lambda: len(lines_of(tmp_path)) == 17)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait(10) == -signal.SIGKILL
    wait_for(lambda: server.log()["waiting"] == 0)
    server.steer()
    counted, _ = json.loads(child(server, tmp_path).communicate(timeout=20)[0])
    assert (counted["asked"], counted["cached"]) == (23, 17)
    assert server.log()["answered"] == len(lines_of(tmp_path)) == 40
    assert server.log()["most answers to one"] == 1
    assert len({line["key"] for line in lines_of(tmp_path)}) == 40


def test_two_processes_at_once_ask_each_comparison_once(tmp_path, server):
    server.steer(slow=0.02)
    both = [child(server, tmp_path) for _ in range(2)]
    results = [json.loads(one.communicate(timeout=30)[0]) for one in both]
    assert server.log()["answered"] == server.log()["requests"] == 40
    assert sum(counted["asked"] for counted, _ in results) == 40
    assert results[0][1] == results[1][1]


def lines_of(folder):
    path = folder / "verdicts.jsonl"
    return [json.loads(line) for line in path.read_text().split("\n") if line] if path.exists() else []


def wait_for(what):
    for _ in range(1000):
        if what():
            return
        time.sleep(0.02)
    raise AssertionError("it never came about")
