import base64
import hashlib

from harness.page.policy import content_security_policy


def test_only_the_scripts_that_are_there_may_run():
    policy = content_security_policy(["let é = 1;\n"])
    digest = base64.b64encode(hashlib.sha256("let é = 1;\n".encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy


def test_without_scripts_none_runs():
    assert "script-src 'none'" in content_security_policy([])
