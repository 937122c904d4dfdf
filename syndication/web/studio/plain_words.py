"""Says in the words of the studio what an error says in those of the command line."""

import re

# what an error advises a person at a terminal -> what the same person does in the studio; the first that fits is taken
ADVICE = [
    (r"give --encoding ([\w-]+)", r"choose \1 under Encoding"),
    (r"Give the right --encoding", "Choose the right one under Encoding"),
    (r"give --kind text", "choose “Plain text” under “It is”"),
    (r"give --kind", "choose under “It is”"),
    (r"--encoding", "Encoding"),
    (r"--kind", "“It is”"),
    (r"Name one with --publication|Say which: --publication", "Choose one under Publication"),
    (r"add --at \S+ or leave the zone out", "give date and time, or choose “Now”"),
    (r"start it at once with `campaign start`", "choose “Now”"),
    (r" `syndication subscribers import [^`]*` adds some", " Add some under Subscribers"),
    (r"`syndication list create [^`]*` makes it", "Make it under Lists"),
    (r"See them all with `syndication (article|campaign)s? list`", r"See them all under \1s"),
    (r"`syndication feeds publish` writes (them|it) again", r"“Write all feeds again” does what its name says"),
    (r"; `syndication (\w+) list` shows those there are", ""),
    (r"that `article import` printed", "that it had before"),
]
_ADVICE = [(re.compile(asked, re.IGNORECASE), said) for asked, said in ADVICE]


def plain_words(error: object) -> str:
    """The text of an error without options and commands of the command line, which nobody can type into a page."""
    text = str(error)
    for asked, said in _ADVICE:
        text = asked.sub(lambda found, said=said: _as_begun(found.expand(said), found[0]), text)  # type: ignore[misc]  # bound now
    return text


def _as_begun(said: str, replaced: str) -> str:
    """A sentence that began with a capital letter still does."""
    return said[:1].upper() + said[1:] if replaced[:1].isupper() else said
