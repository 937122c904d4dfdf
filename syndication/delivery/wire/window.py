"""One connection that carries messages by BDAT, without a socket: whole transactions follow one another, several in flight (RFC 3030, RFC 2920).

Each is `RSET MAIL RCPT BDAT n LAST body`. The RSET makes it independent of the one before: the standards leave open whether a chunk that is
refused for want of a recipient ends the transaction, and where it does not, the next message would go out with another's envelope sender. The round trip no longer limits the connection; in return
all messages that are written and not answered are in doubt when it breaks.
"""

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

from syndication.delivery.outcome import Answer, Stage
from syndication.delivery.wire.conversation import CLOSING, LEAST_REFUSAL, POSITIVE
from syndication.delivery.wire.envelope import Unsendable, envelope
from syndication.delivery.wire.mailroom import Job, Mailroom
from syndication.delivery.wire.offers import Offers
from syndication.delivery.wire.replies import Garbage, Replies, Reply
from syndication.delivery.wire.talk import Talk
from syndication.delivery.wire.time_outs import Await
from syndication.environment import SmtpAddress

RESET, MAIL, RCPT, CHUNK = range(4)
_STAGES = (Stage.MAIL, Stage.MAIL, Stage.RCPT, Stage.DOT)
_AWAITS = (Await.DOT, Await.MAIL, Await.RCPT, Await.DOT)  # behind a message in flight the next RSET waits for its answer
PROOF = b"RSET\r\n"
UNKNOWN_COMMAND = range(500, 503)
TAKEN_BEFORE_GROWTH = 8

_USUAL = re.compile(rb"250 [^\r\n]*\r\n250 [^\r\n]*\r\n25[01] [^\r\n]*\r\n250 ([!-~][ -~]{0,299})\r\n").match
"""The four replies to a transaction that is taken."""


Flight = tuple[Any, int, int]
"""A transaction that was given out: its job, and where its bytes begin and end in all that was given out."""


class Window(Talk):
    """A connection whose introduction is done, to a server with PIPELINING and CHUNKING. Used as Conversation is.

    The window halves with each refusal, since a refused recipient's body travels for nothing, and grows back while messages are taken.
    After a pause the line proves with a RSET that it is alive: what is written into a dead one would be in doubt.
    """

    __slots__ = (
        "_answer",
        "_flights",
        "_given_bytes",
        "_is_over",
        "_is_probing",
        "_is_proved",
        "_kept_bytes",
        "_largest",
        "_offers",
        "_refusal",
        "_replies",
        "_sent_bytes",
        "_server",
        "_step",
        "_taken",
        "_text",
        "_width",
        "again",
        "gave_back",
        "is_misled",
        "replies_heard",
    )

    def __init__(self, room: Mailroom, server: SmtpAddress, offers: Offers, first: Job | None = None) -> None:
        self._server, self._offers = server, offers
        self.again: Job | None = first
        self.is_misled = False
        """Whether the server offered BDAT and does not know it."""
        self.replies_heard = 0
        self.gave_back = False
        """Whether a job was returned, so that another line may take it."""
        self._replies = Replies()
        self._flights: deque[Flight] = deque()
        self._given_bytes = self._sent_bytes = 0
        self._kept_bytes = 0  # of those given out, so many were lost when the engine raised; nothing may be written after that
        self._step = RESET
        self._refusal: Answer | None = None  # the first one of this transaction
        self._largest = self._width = server.window
        self._taken = 0  # since the last refusal or growth
        self._is_over = self._is_probing = self._is_proved = False
        self._text, self._answer = b"", Answer(Stage.DOT, 250, "")
        super().__init__(room)

    def cut(self) -> None:
        """Nothing waits behind a message here that is not on its way itself."""

    @property
    def is_over(self) -> bool:
        """Whether the connection must be closed."""
        return self._is_over

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on its way."""
        return not (self._is_over or self._flights or self._is_probing)

    @property
    def awaits(self) -> Await:
        """What the next reply is about."""
        if self._is_probing:
            return Await.MAIL
        return _AWAITS[self._step] if self._flights else Await.NOTHING

    @property
    def jobs(self) -> int:
        """How many have no end yet."""
        return len(self._flights) + (self.again is not None)

    # ------------------------------------------------------------------ what the line calls
    def ask(self) -> Sequence[bytes]:
        """The first bytes of the next jobs, when there is room and there are some."""
        if self._is_over or self._is_probing:
            return ()
        if self._flights or not self._is_proved:
            return self._fill()
        if self.again is None:
            self.again = self._next_job(self._server)
        if self.again is None:
            return ()
        self._is_probing = True
        self._given_bytes += len(PROOF)
        return (PROOF,)

    def hear(self, heard: bytes, unsent_bytes: int = 0) -> Sequence[bytes]:
        """Take what was read; the pieces to write next. `unsent_bytes`: of what was given out before, so many are surely not with the server."""
        sent = self._given_bytes - self._kept_bytes - unsent_bytes
        flights, at = self._flights, 0
        if self._step == RESET and not self._is_probing and self._replies.is_between:
            try:
                while flights and flights[0][2] <= sent and (usual := _USUAL(heard, at)) is not None:
                    at = usual.end()
                    self._taken_as_usual(usual[1])
            except BaseException:
                self._replies.push(heard[at:])  # the engine raised; the other replies are heard with the line's last words
                raise
        if at < len(heard) or not self._replies.is_between:
            self._hear_slowly(heard[at:] if at else heard, sent)
        if self._is_over or self._is_probing or len(flights) > self._width // 2:
            return ()
        return self._fill()

    def break_off(self, why: str, unsent_bytes: int = 0) -> None:
        """The connection is gone, silent or speaks garbage: type what was on its way."""
        sent = self._given_bytes - self._kept_bytes - unsent_bytes
        refusal, self._refusal = self._refusal, None
        self._is_over, self._is_probing = True, False
        while self._flights:
            job, starts_at, ends_at = self._flights.popleft()
            if refusal is not None:
                self._answered(job, refusal)
                refusal = None
            elif starts_at < sent:
                self._lost(job, why, after_dot=ends_at <= sent)
            else:
                self.gave_back = True
                self._returned(job)

    # ------------------------------------------------------------------ inside
    def _taken_as_usual(self, text: bytes) -> None:
        if text != self._text:
            self._text, self._answer = text, Answer(Stage.DOT, 250, text.decode("ascii"))
        self.replies_heard += 1
        self._is_proved = True
        if self._width < self._largest:
            self._note_taken()
        self._answered(self._flights.popleft()[0], self._answer)

    def _hear_slowly(self, heard: bytes, sent_bytes: int) -> None:
        self._sent_bytes = sent_bytes
        self._replies.push(heard)
        try:
            while not self._is_over and (reply := self._replies.next()) is not None:
                self.replies_heard += 1
                self._take(reply)
        except Garbage as error:
            self.break_off(f"the server answered with {error}", self._given_bytes - self._kept_bytes - sent_bytes)

    def _take(self, reply: Reply) -> None:
        if reply.code == CLOSING:
            self._closing(reply)
        elif self._is_probing:
            self._is_probing = False
        elif not self._flights:
            raise Garbage(f"a reply that nobody asked for: {reply.code} {reply.text}")
        elif self._step == CHUNK:
            self._after_chunk(reply)
        else:
            self._after_command(reply)

    def _closing(self, reply: Reply) -> None:
        """421: the server closes the connection (RFC 5321 3.8); it answers one job, those behind it are not taken."""
        flights, self._flights = self._flights, deque()
        self._is_over, self._is_probing = True, False
        if flights and (self._refusal is not None or not self._is_proved or self._step not in {RESET, MAIL}):
            self._answered(flights.popleft()[0], self._refusal or Answer(_STAGES[self._step], reply.code, reply.text))
        for job, _, _ in flights:
            self.gave_back = True
            self._returned(job)

    def _after_command(self, reply: Reply) -> None:
        if reply.code not in POSITIVE and reply.code < LEAST_REFUSAL:
            raise Garbage(f"{reply.code} {reply.text} to {_STAGES[self._step]}")
        if self._refusal is None and reply.code >= LEAST_REFUSAL and self._step != RESET:
            self._refusal = Answer(_STAGES[self._step], reply.code, reply.text)
        self._step += 1

    def _after_chunk(self, reply: Reply) -> None:
        if reply.code not in POSITIVE and reply.code < LEAST_REFUSAL:
            raise Garbage(f"{reply.code} {reply.text} to BDAT")
        if reply.code in POSITIVE and self._refusal is None and self._flights[0][2] > self._sent_bytes:
            raise Garbage(f"{reply.code} {reply.text} before it had the whole message")
        if reply.code in UNKNOWN_COMMAND and self._refusal is None:
            self._misled(reply)
            return
        job = self._flights.popleft()[0]
        refusal, self._refusal, self._step, self._is_proved = self._refusal, None, RESET, True
        answer = refusal or Answer(Stage.DOT, reply.code, reply.text)
        self._note_taken() if answer.code < LEAST_REFUSAL else self._note_refused()
        self._answered(job, answer)

    def _misled(self, reply: Reply) -> None:
        """The server takes the message for commands: it was surely not accepted as one, and the line must end at once."""
        job = self._flights.popleft()[0]
        why = f"the server offers CHUNKING and answers BDAT with {reply.code} {reply.text}"
        self.is_misled = True
        self._lost(job, why, after_dot=False)
        self.break_off(why, self._given_bytes - self._kept_bytes - self._sent_bytes)

    def _note_taken(self) -> None:
        if self._width < self._largest:
            self._taken += 1
            if self._taken >= TAKEN_BEFORE_GROWTH:
                self._taken, self._width = 0, self._width + 1

    def _note_refused(self) -> None:
        self._taken, self._width = 0, max(1, self._width // 2)

    def _fill(self) -> Sequence[bytes]:
        """Transactions until the window is full or there is no job."""
        pieces: list[bytes] = []
        try:
            while len(self._flights) < self._width and self._add_to(pieces):
                pass
        except BaseException:
            self._kept_bytes += sum(map(len, pieces))
            raise
        return pieces

    def _add_to(self, pieces: list[bytes]) -> bool:
        """One more transaction; whether to ask for another."""
        if self.again is None:
            self.again = self._next_job(self._server)
        job: Any = self.again
        if job is None:
            return False
        parcel = job.parcel
        size_bytes = parcel.size_bytes
        try:
            opening = b"RSET\r\n" + envelope(parcel, self._offers, f"BDAT {size_bytes} LAST\r\n", size_bytes)
        except Unsendable as error:
            self.again = None
            self._answered(job, error.answer)
            return True
        may_go = self._begin(job)
        self.again = None
        if not may_go:
            self._returned(job)
            return False  # the engine stops; asking on would offer it again at once
        starts_at = self._given_bytes
        self._given_bytes = ends_at = starts_at + len(opening) + size_bytes
        self._flights.append((job, starts_at, ends_at))
        pieces.append(opening)
        pieces += parcel.message
        return True
