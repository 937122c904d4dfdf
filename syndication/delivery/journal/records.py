r"""The lines of a journal, and what they prove when their writer is dead.

One line a record, plain text, words divided by blanks:

    L run site boot owner                               the head: whose journal this is
    B batch fence                                       a batch was claimed
    A batch subscriber …                                these may be begun; on the disk before the first of them is
    C batch subscriber                                  its message is being made; only where a sender has died before
    I batch subscriber sent_at attempt                  the final dot goes out next
    O batch subscriber state attempt sent_at due_at code at kind where reply…    what came of it; "-" where there is nothing

After a `kill -9` every line is there, so an intent without an outcome is doubt and everything else is known. After a power cut
only what was synced is there: then all that was announced and has no outcome is doubt.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from syndication.delivery.states import State

NOTHING = "-"
_FEWEST_WORDS = {"L": 5, "B": 3, "A": 3, "C": 3, "I": 5, "O": 11}


@dataclass(slots=True)
class Settled:
    """One row's next place in the ledger.

    attempt  1 for the first try; 0 when nothing was tried
    sent_at  the Date of all attempts, seconds since 1970; None when it was never at the wire
    due_at   when to try again, for deferred and postponed rows
    kind     the sort of refusal, a word, or ""
    where    the server that answered, without blanks
    at       when it happened, seconds since 1970
    """

    batch: int
    subscriber: int
    state: State
    attempt: int
    sent_at: int | None
    due_at: int | None = None
    code: int | None = None
    kind: str = ""
    reply: str = ""
    where: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """A message whose final dot may have gone out."""

    batch: int
    subscriber: int
    sent_at: int
    attempt: int


@dataclass(slots=True)
class Told:
    """What a journal says: its head, the fences of its claims, what was announced, what was begun, what came out."""

    run: str = ""
    site: str = ""
    boot: str = ""
    fences: dict[int, int] = field(default_factory=dict)
    announced: dict[tuple[int, int], None] = field(default_factory=dict)
    begun: dict[tuple[int, int], Begun] = field(default_factory=dict)
    outcomes: dict[tuple[int, int], Settled] = field(default_factory=dict)
    composing: tuple[int, int] | None = None
    """Batch and subscriber of the message that was being made at the end."""

    def doubtful(self, *, same_boot: bool) -> list[tuple[int, int]]:
        """Batch and subscriber of every message that may have been taken and whose outcome is not known."""
        open_ones = [key for key in self.begun if key not in self.outcomes]
        if same_boot:
            return open_ones
        return open_ones + [key for key in self.announced if key not in self.outcomes and key not in self.begun]


def head(run: str, site: str, boot: str, owner: str) -> bytes:
    """The first line; none of the four holds a blank or a line break."""
    return f"L {run} {site} {boot} {owner}\n".encode()


def claimed(batch: int, fence: int) -> bytes:
    """A batch was claimed."""
    return b"B %d %d\n" % (batch, fence)


def announced(batch: int, subscribers: Iterable[int]) -> bytes:
    """These may be begun from now on."""
    return b"A %d %b\n" % (batch, " ".join(map(str, subscribers)).encode())


def composing(batch: int, subscriber: int) -> bytes:
    """A message is being made, and the batch has killed a sender before."""
    return b"C %d %d\n" % (batch, subscriber)


def intent(batch: int, subscriber: int, sent_at: int, attempt: int) -> bytes:
    """The final dot goes out next."""
    return b"I %d %d %d %d\n" % (batch, subscriber, sent_at, attempt)


def delivered(batch: int, subscriber: int, sent_at: int, receipt: str) -> bytes:
    """outcome() of a message that was taken at the first try with the usual 250: what nearly always comes."""
    return b"O %d %d 10 1 %d - - 0 - - %b\n" % (batch, subscriber, sent_at, receipt.encode("ascii", "replace"))


def outcome(one: Settled) -> bytes:
    """What came of it; a reply's line breaks become blanks."""
    numbers = (
        f"{one.batch} {one.subscriber} {one.state:d} {one.attempt} {_word(one.sent_at)} {_word(one.due_at)} {_word(one.code)} {one.at}"
    )
    reply = " ".join(one.reply.replace("\0", "\ufffd").split())  # NUL is where a journal ends
    return f"O {numbers} {one.kind or NOTHING} {one.where or NOTHING} {reply}\n".encode("utf-8", "replace")


def read(raw: bytes) -> Told:
    """What a journal's bytes tell; reading ends at the first line that is torn or no record, as a power cut leaves them."""
    told = Told()
    end = raw.find(b"\0")  # room that was reserved and never written
    written = raw if end < 0 else raw[:end]
    for line in written.decode("utf-8", "replace").split("\n")[:-1]:  # the last piece has no line break: torn
        try:
            _read_line(told, line.split(" "))
        except (ValueError, IndexError):
            break
    return told


def _read_line(told: Told, words: list[str]) -> None:
    letter = words[0]
    if letter not in _FEWEST_WORDS or len(words) < _FEWEST_WORDS[letter]:
        raise ValueError(f"no record: {' '.join(words)[:40]!r}")
    if letter == "L":
        told.run, told.site, told.boot = words[1:4]
    elif letter == "B":
        told.fences[int(words[1])] = int(words[2])
    elif letter == "A":
        batch = int(words[1])
        told.announced.update(dict.fromkeys((batch, int(one)) for one in words[2:]))
    elif letter == "C":
        told.composing = int(words[1]), int(words[2])
        return
    elif letter == "I":
        begun = Begun(*map(int, words[1:5]))
        told.begun[begun.batch, begun.subscriber] = begun
        told.outcomes.pop((begun.batch, begun.subscriber), None)  # a later attempt of the same run
    else:
        settled = _settled(words)
        told.outcomes[settled.batch, settled.subscriber] = settled
    told.composing = None


def _settled(words: list[str]) -> Settled:
    batch, subscriber, state, attempt = map(int, words[1:5])
    sent_at, due_at, code = (None if word == NOTHING else int(word) for word in words[5:8])
    kind, where = ("" if word == NOTHING else word for word in words[9:11])
    return Settled(batch, subscriber, State(state), attempt, sent_at, due_at, code, kind, " ".join(words[11:]), where, int(words[8]))


def _word(number: int | None) -> str:
    return NOTHING if number is None else str(number)
