"""Longer texts from outside, such as what a model answered, with everything in them to be seen."""

from __future__ import annotations

import json
import re

_UNSEEN = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters but for the tab and the line feed
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    "\ufff0-\ufffb\ufffe\uffff\ud800-\udfff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f"
    "]"
)
_LINE_ENDS = re.compile("\r\n|\u2028|\u2029|\x85")


def visible(text: str) -> str:
    """`text` with its lines, and with its number (`‹U+202E›`) for each character that cannot be seen, steers a terminal
    or turns the writing direction.

    The joiners that emoji, Persian and the scripts of India need stay. Half a surrogate pair, which no file can hold,
    becomes U+FFFD.
    """
    return _UNSEEN.sub(lambda found: _sign(ord(found.group())), _LINE_ENDS.sub("\n", text))


def escaped(json_text: str) -> str:
    """JSON of the same data, in which no character is raw that cannot be seen, steers a terminal or turns the writing
    direction. In JSON such a character stands in a string, where its escape means the same.
    """
    return _UNSEEN.sub(lambda found: json.dumps(found.group())[1:-1], json_text)


def _sign(code: int) -> str:
    return "\ufffd" if 0xD800 <= code <= 0xDFFF else f"‹U+{code:04X}›"
