"""Texts that try to be more than text, wherever a table, a page, a figure or a terminal shows them."""

from __future__ import annotations

MARK = "hostile_ran"
"""What every script among the texts sets on the page's window."""

_RUN = f"window.{MARK}=1"

HTML = {
    "script element": f"<script>{_RUN};alert(1)</script>",
    "end of script": f"</script><script>{_RUN}</script>",
    "end of script in capitals": f"</SCRIPT ><img src=x onerror={_RUN}>",
    "double escape of a script": f"<!--<script>{_RUN}",
    "comment": f"--><img src=x onerror={_RUN}><!--",
    "marked section": f"]]><svg onload={_RUN}><![CDATA[",
    "image handler": f'<img src=x onerror="{_RUN}">',
    "double quote": f'" autofocus tabindex=1 onfocus="{_RUN}" x="',
    "single quote": f"' autofocus tabindex=1 onfocus='{_RUN}' x='",
    "backquote": f"` onmouseover=`{_RUN}",
    "svg handler": f"<svg><animate onbegin={_RUN} attributeName=x dur=1s></svg>",
    "frame": f"<iframe srcdoc='<script>parent.{MARK}=1</script>'></iframe>",
    "form": "<form action=https://elsewhere.invalid/><button>Log in</button></form>",
    "style": "</style><style>*{display:none!important}</style>",
    "style attribute": "red;background:url(https://elsewhere.invalid/a.png)",
    "base address": "<base href=https://elsewhere.invalid/>",
    "refresh": "<meta http-equiv=refresh content='0;url=https://elsewhere.invalid/'>",
    "details": f"</details></summary><details open ontoggle={_RUN}><summary>more",
    "end of a cell": f"</td></tr></table></section></main><h1 onclick={_RUN}>Winner</h1>",
    "end of a text area": f"</textarea></title></template></noscript><img src=x onerror={_RUN}>",
    "character references": "&lt;b&gt; &#x3c;b&#62; &amp;amp; &nbsp",
    "id and name": "<a id=board name=table><input name=attributes>",
}
LINKS = {
    "script address": f"javascript:{_RUN}",
    "script address, broken up": f" java\tscript:{_RUN}//",
    "data address": f"data:text/html,<script>{_RUN}</script>",
    "plain address": "https://elsewhere.invalid/path?a=1&b=2",
    "bare address": "www.elsewhere.invalid and someone@elsewhere.invalid",
}
MARKDOWN = {
    "link": f"[click](javascript:{_RUN})",
    "image": "![alt](https://elsewhere.invalid/a.png)",
    "reference": "[a][b]\n\n[b]: https://elsewhere.invalid",
    "autolink": f"<javascript:{_RUN}> <https://elsewhere.invalid>",
    "emphasis": "**bold** _slanted_ ~~gone~~ __under__ snake_case",
    "code": "`code` ``` fence ```",
    "fence": "\n```html\n<b>x</b>\n```\n",
    "heading": "# heading",
    "rule": "---",
    "list": "1. item\n- item\n* item",
    "quote": "> quote",
    "table": "a | b\n--- | ---\n1 | 2",
    "rule of a table": "| --- |",
    "mathematics": "$x^2$ $$\\frac{1}{2}$$",
    "footnote": "[^1] [^1]: note",
    "block of HTML": f"\n\n<div onclick={_RUN}>\n\n**x**\n\n</div>",
    "end of a fold": f"\n\n</details>\n\n<img src=x onerror={_RUN}>",
    "mention": "@someone #123 org/repo#1",
    "backslash": "\\| \\<b> \\",
}
TERMINAL = {
    "colour": "\x1b[31mred\x1b[0m",
    "clear": "\x1b[2J\x1b[H",
    "title": "\x1b]0;title\x07",
    "terminal link": "\x1b]8;;https://elsewhere.invalid\x1b\\text\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;ZWNobw==\x07",
    "one-byte introducers": "\x9b31m \x9d0;title\x9c \x90q\x9c",
    "backspace": "better\b\b\b\b\b\bworse",
    "carriage return": "worse\rbetter",
    "bell, delete and NUL": "a\x07b\x7fc\x00d",
    "rich markup": "[bold red]x[/] [link=https://elsewhere.invalid]y[/link] [/]",
    "emoji code": ":smile: :no_entry:",
}
DIRECTION = {
    "override": "\u202egnp.exe",
    "embedding": "\u202bab\u202acd\u202c",
    "isolate": "\u2067ab\u2066cd\u2068ef\u2069",
    "unended isolates": "\u2067\u2067\u2067ab",
    "marks": "a\u200fb\u200ec\u061cd",
    "right to left": "שלום (1.5) مرحبا",
    "zero width": "pay\u200bpal \u2060 \ufeff \u00adb",
    "line ends": "a\nb\r\nc\u2028d\u2029e\x0bf\x0cg\x85h",
    "tags": "a\U000e0041\U000e007fb",
    "marks that pile up": "a" + "\u0301\u0489" * 20,
}
FORMULAS = {
    "formula": '=HYPERLINK("https://elsewhere.invalid","x")',
    "command": "=cmd|' /C calc'!A0",
    "plus": "+1+1",
    "minus": "-2+3+cmd",
    "at": "@SUM(1,1)",
    "formula after a tab": "\t=1+1",
    "formula after a line end": "\r=1+1",
    "formula after a space": " =1+1",
    "full-width formula": "\uff1d1+1",
    "full-width plus": "\uff0b1",
    "full-width minus": "\uff0d1",
    "full-width at": "\uff20SUM(1)",
    "quotes and separators": '";=1+1,"\n=1+1;\t=1+1',
}
TEMPLATES = {
    "expression": "{{ 7*191 }} {{ config }}",
    "statement": "{% raw %}{% include '/etc/passwd' %}",
    "template comment": "{# gone #}",
    "template string": f"${{{_RUN}}}",
    "percent": "%s %(x)s %n {0} {x!r}",
    "Vega field": "datum.x",
    "Vega path": "[0].y",
    "Vega dotted": "a.b\\.c['d']",
    "Vega expression": f"'+(window.{MARK}=1)+'",
    "Vega signal": "signal",
    "name of a prototype": "__proto__",
    "name of a constructor": "constructor",
}
LENGTHS = {
    "long word": "x" * 2000,
    "long sentence": "word " * 800,
    "wide characters": "漢字" * 200,
    "one letter": "i",
    "spaces": "   \t  ",
}

TEXTS: dict[str, str] = {**HTML, **LINKS, **MARKDOWN, **TERMINAL, **DIRECTION, **FORMULAS, **TEMPLATES, **LENGTHS}
"""Name -> text, all different, all of characters that UTF-8 can write."""

WORST = [
    HTML["script element"],
    *(TEMPLATES[name] for name in ("expression", "Vega path", "Vega expression", "name of a prototype")),
    DIRECTION["override"],
    TERMINAL["terminal link"],
    LENGTHS["long word"],
    DIRECTION["unended isolates"],
    *list(HTML.values())[2::2],
    *list(LINKS.values())[::2],
]
"""Some of all kinds, for what takes long."""

UNWRITABLE = {"lone surrogate": "a\ud800b", "turned surrogates": "\udc00\ud800"}
"""Of no character: JSON may hold them, escaped, and no file in UTF-8 can."""

STEERING = {
    *range(0x20), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0x61C, 0x200E, 0x200F,
}  # fmt: skip
"""Code points that steer a terminal, or the direction of what stands beside them."""
