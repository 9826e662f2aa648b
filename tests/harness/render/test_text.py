from harness.render.text import one_line


def test_text_is_brought_to_one_printable_line():
    assert one_line("  a\n\tb\u2028c  ") == "a b c"
    assert one_line("\x1b[2J\x00\u200f") == "\ufffd[2J\ufffd\ufffd"


def test_long_text_is_cut_and_says_so():
    assert one_line("word " * 100, 12) == "word word w…"
    assert one_line("x" * 12, 12) == "x" * 12
