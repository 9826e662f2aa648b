import subprocess
import sys
import threading
import time

from harness_plugins.evaluators.alpaca_eval.verdicts import Verdicts

KEY = "0123456789abcdef" * 2
OTHER = "f" * 32


def test_what_was_put_is_there_for_others_and_later(tmp_path):
    with Verdicts(tmp_path) as mine, Verdicts(tmp_path) as theirs:
        assert theirs.get(KEY) is None
        mine.put(KEY, {"completion": {"text": "M \u2028 \U0001f600"}})
        assert theirs.get(KEY) == {"completion": {"text": "M \u2028 \U0001f600"}}
    with Verdicts(tmp_path) as later:
        assert later.get(KEY) == {"completion": {"text": "M \u2028 \U0001f600"}}


def test_a_line_that_a_killed_process_left_unfinished_spoils_no_other(tmp_path):
    with Verdicts(tmp_path) as verdicts:
        verdicts.put(KEY, {"completion": 1})
    with (tmp_path / "verdicts.jsonl").open("ab") as file:
        file.write(b'\n{"key": "abc", "comp')
    with Verdicts(tmp_path) as verdicts, Verdicts(tmp_path) as other:
        assert other.get(KEY) == {"completion": 1}
        verdicts.put(OTHER, {"completion": 2})
        assert other.get(OTHER) == {"completion": 2}
        assert other.get("abc") is None


def test_lone_surrogates_can_be_kept(tmp_path):
    with Verdicts(tmp_path) as verdicts:
        verdicts.put(KEY, {"completion": {"text": "\ud800"}})
    with Verdicts(tmp_path) as verdicts:
        assert verdicts.get(KEY) is not None


def test_while_a_process_asks_another_waits_for_its_verdict(tmp_path):
    code = (
        "import sys, time; from pathlib import Path\n"
        "from harness_plugins.evaluators.alpaca_eval.verdicts import Verdicts\n"
        f"with Verdicts(Path(sys.argv[1])) as v, v.claimed({KEY!r}):\n"
        f"    print('claimed', flush=True); sys.stdin.readline(); v.put({KEY!r}, {{'completion': 3}})\n"
    )
    asking = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert asking.stdout.readline() == "claimed\n"
    found = []

    def wait():
        with Verdicts(tmp_path) as verdicts, verdicts.claimed(KEY):
            found.append(verdicts.get(KEY))

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.1)
    assert found == []
    asking.stdin.write("\n")
    asking.stdin.flush()
    waiting.join(10)
    assert found == [{"completion": 3}]
    assert asking.wait(10) == 0


def test_a_killed_process_holds_no_claim(tmp_path):
    code = (
        "import os, sys; from pathlib import Path\n"
        "from harness_plugins.evaluators.alpaca_eval.verdicts import Verdicts\n"
        f"with Verdicts(Path(sys.argv[1])) as v, v.claimed({KEY!r}):\n"
        "    os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 9
    with Verdicts(tmp_path) as verdicts, verdicts.claimed(KEY):
        assert verdicts.get(KEY) is None
