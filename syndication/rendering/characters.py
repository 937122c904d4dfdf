"""Takes out of a text what XML cannot carry, so that one pasted character never breaks a feed, a page or a mail."""

import re

# XML 1.0 2.2: everything outside Char. Surrogates, U+FFFE and U+FFFF among them.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n?")
# No-break spaces stay: French typography and thin numbers rely on them.
_WHITE = re.compile("[ \t\n\r\f\v\x85\u2028\u2029]+")


def allowed(text: str) -> str:
    """`text` without the characters that XML 1.0 forbids, with line ends as one line feed.

    A parser turns CR and CRLF into LF (XML 1.0 2.11), so the three formats agree only when it is done before.
    """
    return _LINE_ENDS.sub("\n", _FORBIDDEN.sub("", text))


def one_line(text: str) -> str:
    """`text` as a title or a name: allowed characters, runs of white space as one space, none at the ends."""
    return _WHITE.sub(" ", allowed(text)).strip(" ")
