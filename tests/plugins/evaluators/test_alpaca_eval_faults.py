"""A judge served by a process of its own, which fails in every way there is."""

import itertools
import json
import math
import re
import time
from email.utils import formatdate
from types import SimpleNamespace

import pytest
from harness_plugins.evaluators.alpaca_eval import AlpacaEval
from harness_plugins.evaluators.alpaca_eval.patience import retry_after
from judge_process import judge_server
from respondent import Respondent

import harness

KEY = "sk-a-very-secret-key"
SAYS = {f"question {place}": (f"answer {place}", f"reference {place}") for place in range(5)}
"""Ten comparisons."""
READABLE = "alpaca_eval_gpt4"
"""A template whose verdict is text."""


@pytest.fixture(scope="module")
def process():
    with judge_server() as found:
        yield found


@pytest.fixture
def server(process, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("JUDGE_KEY", KEY)
    process.forget()
    return process


def options(server, **more):
    given = {"back_off": 0.005, "timeout": 10.0, "retries": 4, "concurrency": 3, "api_key_env": "JUDGE_KEY"}
    return {"judge": "endpoint", "endpoint": server.url, "endpoint_model": "tiny", **given, **more}


def evaluate(folder, server, says=SAYS, **more):
    subject = Respondent(says, folder)
    found = AlpacaEval(**options(server, **more)).evaluate(subject)
    return found, found.notes["judge"], subject


def values(found):
    return {figure.metric: figure.values for figure in found.figures}


def written(folder):
    lines = [json.loads(line) for line in (folder / "verdicts" / "verdicts.jsonl").read_text().split("\n") if line]
    return [line for line in lines if "completion" in line]


@pytest.fixture(scope="module")
def undisturbed(process, tmp_path_factory):
    process.steer()
    return values(evaluate(tmp_path_factory.mktemp("undisturbed"), process)[0])


HANGING = ("silence", "trickling head", "trickling body", "half a body")
PASSING = [
    *HANGING,
    *("429", "429 after 0.05", "429 until -5", "500", "502", "503", "503 after 0.05"),
    *("drop", "malformed", "html", "no choices", "no message", "a list", "an error with 200"),
    *("too long a length", "too short a length"),
]


@pytest.mark.parametrize("fault", PASSING)
def test_what_passes_is_survived_and_paid_once(tmp_path, server, undisturbed, fault):
    server.steer(fault, fault)
    found, judge, subject = evaluate(tmp_path, server, timeout=0.3 if fault in HANGING else 10.0)
    assert values(found) == undisturbed
    assert (judge["asked"], judge["retried"], judge["cached"]) == (10, 2, 0)
    assert server.log()["answered"] == len(written(tmp_path)) == 10
    assert judge["unanswered"] == (0 if re.match(r"4|5", fault) else 2)
    assert any("(said once)" in said for said in subject.said)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("500", "with status 500: .*The server had an error"),
        ("silence", r"with no whole reply within 0\.4 seconds"),  # the third try
        ("trickling body", r"with no whole reply within 0\.4 seconds"),
        ("drop", "with no connection, or one that broke off"),
        ("html", "with a reply that is no chat completion: it begins with '<html>Sign in</html>'"),
        ("malformed", "with a reply that is no chat completion: it begins with"),
        ("no choices", "with a reply that is no chat completion: it holds no choice that can be read"),
        ("an error with 200", r"with a reply that is no chat completion: it states the error .*overloaded, \*\*\*"),
    ],
)
def test_what_does_not_pass_ends_the_cell_with_its_name_and_keeps_what_was_given(tmp_path, server, fault, says):
    evaluate(tmp_path, server, dict(itertools.islice(SAYS.items(), 1)))
    server.steer(*[fault] * 3)
    with pytest.raises(harness.HarnessError, match=f"failed after 3 tries {says}") as failed:
        evaluate(tmp_path, server, concurrency=1, retries=2, timeout=0.1)
    assert server.url in str(failed.value)
    assert KEY not in str(failed.value)
    assert failed.value.fix
    assert len(written(tmp_path)) == 2


@pytest.mark.parametrize(
    ("fault", "fix"),
    [
        ("400", "check `template`, `top_logprobs` and `judge_tokens`"),
        ("401", "JUDGE_KEY to a key of this endpoint; it is set, but not accepted"),
        ("403", "JUDGE_KEY to a key"),
        ("404", "check `endpoint` (it usually ends in /v1) and `endpoint_model`"),
        ("quota", "verdicts that were given are kept"),
        ("redirect", "set `endpoint` to where it redirects: http://127.0.0.1:9/v2/chat/completions"),
    ],
)
def test_what_no_other_try_could_mend_stops_at_once(tmp_path, server, fault, fix):
    server.steer(*[fault] * 9)
    with pytest.raises(harness.HarnessError, match="failed after 1 try with status") as refused:
        evaluate(tmp_path, server, concurrency=1)
    assert server.log()["requests"] == 1
    assert fix in refused.value.fix
    assert KEY not in str(refused.value)


def test_requests_in_flight_at_a_refusal_are_kept(tmp_path, server):
    server.steer("403", slow=0.1)
    with pytest.raises(harness.HarnessError, match="status 403"):
        evaluate(tmp_path, server)
    assert server.log()["answered"] == len(written(tmp_path)) == 2


@pytest.mark.parametrize("fault", ["context", "policy"])
def test_a_prompt_that_the_judge_does_not_take_is_given_up_and_counted(tmp_path, server, fault):
    server.steer(fault)
    found, judge, _ = evaluate(tmp_path, server, concurrency=1)
    assert (judge["asked"], judge["retried"], judge["given_up"]) == (9, 0, 1)
    assert found.counted["comparisons that the judge does not take: too long, or against its rules"] == 1
    assert found.counted["answers left out for such a verdict"] == 1
    assert found.counted["answers judged"] == 4
    _, judge, _ = evaluate(tmp_path, server)
    assert (judge["asked"], judge["cached"]) == (1, 9)  # nothing was paid for it, so it is asked anew


def test_a_judge_that_takes_no_prompt_at_all_stops_early(tmp_path, server):
    says = {f"question {place}": (f"answer {place}", "reference") for place in range(20)}
    server.steer(*["context"] * 99)
    with pytest.raises(harness.HarnessError, match="maximum context length"):
        evaluate(tmp_path, server, says, concurrency=1)
    assert server.log()["requests"] == 20


@pytest.mark.parametrize(
    ("fault", "template"),
    [
        ("null content", READABLE),
        ("truncated", READABLE),
        ("unparsable", READABLE),
        ("parts", READABLE),
        ("empty log-probs", "weighted_alpaca_eval_gpt4_turbo"),
        ("log-probs without a verdict", "weighted_alpaca_eval_gpt4_turbo"),
    ],
)
def test_a_verdict_that_cannot_be_read_is_counted_and_paid_once(tmp_path, server, fault, template):
    server.steer(*[fault] * (10 if template == READABLE else 1))
    for _ in range(2):  # what this server says by itself cannot be read by the other template
        if template == READABLE:
            with pytest.raises(harness.HarnessError, match="not one of 10 verdicts"):
                evaluate(tmp_path, server, template=template)
        else:
            found, _, _ = evaluate(tmp_path, server, template=template)
            assert found.counted["verdicts that could not be read"] == 1
        assert server.log()["requests"] == len(written(tmp_path)) == 10


def test_a_key_that_the_server_repeats_is_in_no_file_and_no_record(tmp_path, server):
    server.steer("the key", "the key")
    found, _, subject = evaluate(tmp_path, server)
    assert server.log()["headers"]["Authorization"] == f"Bearer {KEY}"
    files = [path.read_text() for path in (tmp_path / "verdicts").iterdir()]
    assert any("Authorization: ***" in text for text in files)
    assert not any(KEY in text for text in [*files, repr(found), *subject.said])


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": formatdate(time.time() + 36000, usegmt=True)}, 36000),
        ({"retry-after": formatdate(time.time() - 100, usegmt=True)}, 0),
        ({"retry-after": "soon"}, 0),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "nan"}, 0),
        ({"retry-after": "Mon, 99 Foo 2026 99:99:99 GMT"}, 0),
        ({}, 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(headers, seconds):
    error = harness.HarnessError("busy")
    error.response = SimpleNamespace(headers=headers)
    assert retry_after(error) == pytest.approx(seconds, abs=3600 if seconds == 36000 else 1e-9)


def test_while_a_server_asks_to_wait_nobody_asks(tmp_path, server):
    server.steer("429 after 0.3")
    evaluate(tmp_path, server, concurrency=3)
    begun = sorted(server.log()["begun"])
    late = [at for at in begun if at - begun[0] > 0.2]
    assert len(late) >= 10 - 3  # those in flight when it was said may have been answered


def test_a_server_that_asks_to_wait_longer_than_the_patience_is_left(tmp_path, server):
    server.steer("429 after 7200")
    with pytest.raises(harness.HarnessError, match="asks to wait 7200 seconds"):
        evaluate(tmp_path, server, concurrency=1)
    assert server.log()["requests"] == 1


def test_patience_bounds_all_tries_together(tmp_path, server):
    server.steer(*["500"] * 50)
    with pytest.raises(harness.HarnessError, match="status 500"):
        evaluate(tmp_path, server, concurrency=1, retries=50, back_off=0.02, patience=0.2)
    assert server.log()["requests"] < 9


def test_requests_keep_to_the_rate_and_to_the_concurrency(tmp_path, server):
    evaluate(tmp_path, server, requests_per_minute=1200)
    begun = sorted(server.log()["begun"])
    assert begun[-1] - begun[0] >= 9 * 0.05 * 0.9
    server.steer(slow=0.03)
    evaluate(tmp_path / "other", server, concurrency=2)
    assert server.log()["most at once"] <= 3


def test_the_cost_is_said_before_and_after(tmp_path, server):
    evaluate(tmp_path, server, dict(itertools.islice(SAYS.items(), 2)))
    _, judge, subject = evaluate(tmp_path, server, prompt_price=10.0, completion_price=30.0)
    before, after = subject.said
    assert "10 comparisons for the judge 'tiny'" in before
    assert "4 verdicts are known, 6 are asked" in before
    estimate = re.search(r"about ([\d,]+) prompt tokens and at most 6 completion tokens: about ([\d.]+) at", before)
    tokens, money = (float(text.replace(",", "")) for text in estimate.groups())
    assert money == pytest.approx((tokens * 10 + 6 * 30) / 1e6, rel=1e-3)
    assert tokens == pytest.approx(judge["prompt_tokens"], rel=0.1)
    assert f"gave 6 verdicts for {judge['prompt_tokens']:,} prompt tokens and 6 completion tokens" in after


def test_the_board_is_told_the_same_tokens_whether_they_were_paid_now_or_before(tmp_path, server):
    first, _, _ = evaluate(tmp_path, server)
    again, judge, _ = evaluate(tmp_path, server)
    assert first.counted == again.counted
    assert first.counted["judge completion tokens"] == 10
    assert judge["completion_tokens"] == 0


def test_broken_lines_and_lines_of_another_make_are_skipped_and_counted(tmp_path, server, undisturbed):
    evaluate(tmp_path, server)
    path = tmp_path / "verdicts" / "verdicts.jsonl"
    lines = [line for line in path.read_text().split("\n") if line]
    lines[0] = lines[0][: len(lines[0]) // 2]
    for place, wrong in enumerate((None, {"text": 3}, {"text": "m", "logprobs": 3}), 1):
        lines[place] = json.dumps({**json.loads(lines[place]), "completion": wrong})
    lines += ["[]", '"text"', "\0\0\0", "[" * 100_000, '{"key": 3}']
    path.write_bytes("\n".join(lines).encode() + b"\n\xff\xfe\n")
    found, judge, _ = evaluate(tmp_path, server)
    assert values(found) == undisturbed
    assert (judge["asked"], judge["cached"], judge["broken"]) == (4, 6, 7)


def test_a_key_that_no_header_can_hold_is_refused_unseen(tmp_path, server, monkeypatch):
    monkeypatch.setenv("JUDGE_KEY", "geheim\u00e4\n")
    with pytest.raises(harness.HarnessError, match="JUDGE_KEY holds characters that no key has") as refused:
        evaluate(tmp_path, server)
    assert "geheim" not in str(refused.value)


def test_a_notebook_with_an_event_loop_of_its_own_can_ask(tmp_path, server, undisturbed):
    import asyncio

    async def cell():
        return evaluate(tmp_path, server)[0]

    assert values(asyncio.run(cell())) == undisturbed
    assert not math.isnan(sum(undisturbed["alpaca_eval/win_rate"]))
