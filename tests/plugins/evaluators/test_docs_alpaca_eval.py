import dataclasses
import re
from pathlib import Path

from harness_plugins.evaluators.alpaca_eval import AlpacaEval

PAGE = (Path(__file__).parents[3] / "docs" / "evaluators.md").read_text()
SECTION = PAGE.split("\n## alpaca_eval\n")[1].split("\n## ")[0]
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", SECTION.split("### Options")[1], re.MULTILINE))


def test_every_option_is_documented_with_its_default():
    assert list(ROWS) == [field.name for field in dataclasses.fields(AlpacaEval)]
    for field in dataclasses.fields(AlpacaEval):
        if field.default != "":
            shown = str(field.default).lower() if isinstance(field.default, bool) else str(field.default)
            assert ROWS[field.name].strip().strip("`") == shown.removesuffix(".0"), field.name


def test_every_judge_and_figure_is_documented():
    for name in AlpacaEval.judges:
        assert f"\n| `{name}` |" in SECTION
    for metric in ("win_rate", "length_controlled_win_rate", "position_bias", "order_decides", "length"):
        assert f"\n| `alpaca_eval/{metric}` |" in SECTION
