"""Worker processes, whatever becomes of them."""

import os
import signal
import time

import psutil
import pytest
from forked import forked

from harness.run import processes
from harness.run.crew import Crew
from harness.run.processes import Processes

LONG = 60.0
"""Seconds: nothing here waits for them."""


@pytest.fixture(autouse=True)
def _nothing_to_load(monkeypatch):
    monkeypatch.setattr(processes, "_load", lambda: None)
    monkeypatch.setattr(processes, "_measure", lambda _crew: None)


def dies_with_a_child(line):
    """Sends the number of its child, and is killed."""
    if line.task() == "fork":
        child = os.fork()
        if not child:
            time.sleep(LONG)
            os._exit(0)
    else:
        child = os.posix_spawn("/bin/sleep", ["sleep", str(LONG)], {})
    line.send(("child", child))
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("how", ["fork", "spawn"])
def test_a_worker_that_dies_is_noticed_though_what_it_started_lives_on(how):
    with Processes(dies_with_a_child, Crew(2, 1, 1)) as hired:
        process, line = hired.hire(0)
        line.send(how)
        assert line.poll(LONG)
        _, child = line.recv()
        assert line.poll(LONG / 2)
        with pytest.raises((EOFError, ConnectionResetError)):
            line.recv()
        assert "signal 9 (SIGKILL)" in hired.bury(process)
        left = psutil.Process(child)
    if how == "fork":
        left.wait(LONG / 2)  # it ends with the run
    else:
        left.kill()


def _run_with_signals_of_children_ignored():
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with Processes(lambda _line: os._exit(7), Crew(2, 1, 1)) as hired:
        process, line = hired.hire(0)
        assert line.poll(LONG)
        assert "left with exit code 7" in hired.bury(process)


def test_how_a_worker_ended_is_told_where_the_signals_of_children_are_ignored():
    run = forked(_run_with_signals_of_children_ignored)
    run.join()
    assert run.exitcode == 0
