"""One connection that carries messages by DATA, without a socket: what to write for what was read.

With PIPELINING (RFC 2920) one write holds `body k, the dot, MAIL RCPT DATA k+1`, so a message costs one round trip. Without it each command
waits for its reply. Each job ends in exactly one of answered, lost, returned and `again`: the last is a job whose envelope met a connection
that was dead already or closes, to be offered first on a fresh one.
"""

import re
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import Any, ClassVar

from syndication.delivery.outcome import Answer, Stage
from syndication.delivery.wire.envelope import Unsendable, envelope
from syndication.delivery.wire.mailroom import Job, Mailroom
from syndication.delivery.wire.offers import Offers
from syndication.delivery.wire.replies import Garbage, Replies, Reply
from syndication.delivery.wire.talk import Talk
from syndication.delivery.wire.time_outs import Await
from syndication.environment import SmtpAddress

GO_AHEAD = 354
CLOSING = 421
LEAST_REFUSAL = 400
POSITIVE = range(200, 300)

_STEADY = re.compile(rb"250 ([!-~][ -~]{0,299})\r\n250 [^\r\n]*\r\n25[01] [^\r\n]*\r\n354 [^\r\n]*\r\n").fullmatch
"""What nearly every read is: the message is taken, and the next envelope too."""


class Step(Enum):
    """Which reply comes next."""

    IDLE = auto()
    RESET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()
    VOID = auto()
    """To a message without content, after a DATA that was taken though its recipient was refused."""
    OVER = auto()


_AWAITS = {
    Step.IDLE: Await.NOTHING,
    Step.OVER: Await.NOTHING,
    Step.RESET: Await.MAIL,
    Step.MAIL: Await.MAIL,
    Step.RCPT: Await.RCPT,
    Step.DATA: Await.DATA,
    Step.DOT: Await.DOT,
    Step.VOID: Await.DOT,
}
_STAGES = {Step.MAIL: Stage.MAIL, Step.RESET: Stage.MAIL, Step.RCPT: Stage.RCPT, Step.DATA: Stage.DATA, Step.DOT: Stage.DOT}


class Conversation(Talk):
    """A connection whose introduction is done.

    ask()         when it is idle: the bytes of the next envelope, or none
    hear(...)     what was read, and how many of the bytes given out are not written yet; the bytes to write next
    break_off(…)  the connection is gone: every job gets its type
    Look at `is_over` and `is_idle` when hear() gave nothing to write; `again` then may hold a job for a fresh connection.
    """

    __slots__ = (
        "_answer",
        "_commands",
        "_following",
        "_is_cut",
        "_is_proved",
        "_is_steady",
        "_job",
        "_offers",
        "_refusal",
        "_replies",
        "_server",
        "_step",
        "_text",
        "_unsent",
        "again",
        "gave_back",
        "replies_heard",
    )

    def __init__(self, room: Mailroom, server: SmtpAddress, offers: Offers, first: Job | None = None) -> None:
        self._server, self._offers = server, offers
        self.again: Job | None = first
        self.replies_heard = 0
        self.gave_back = False
        """Whether a job was returned, so that another line may take it."""
        self._replies = Replies()
        self._step = Step.IDLE
        self._job: Any = None
        self._following: Any = None  # its envelope stands behind the body of _job
        self._commands: list[bytes] = []  # of _job's or _following's envelope, the last one that was written
        self._refusal: Answer | None = None  # the first one of this envelope
        self._is_steady = self._is_proved = self._is_cut = False
        self._unsent = 0
        self._text, self._answer = b"", Answer(Stage.DOT, 250, "")
        super().__init__(room)

    def cut(self) -> None:
        """Give back the job that waits behind another's reply; after that reply the connection is over."""
        if self._following is not None:
            following, self._following = self._following, None
            self._is_cut, self._is_steady = True, False
            self._returned(following)

    @property
    def is_over(self) -> bool:
        """Whether the connection must be closed."""
        return self._step is Step.OVER

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on its way."""
        return self._step is Step.IDLE

    @property
    def awaits(self) -> Await:
        """What the next reply is about."""
        return _AWAITS[self._step]

    @property
    def jobs(self) -> int:
        """How many have no end yet."""
        return (self._job is not None) + (self._following is not None) + (self.again is not None)

    # ------------------------------------------------------------------ what the line calls
    def ask(self) -> Sequence[bytes]:
        """The first bytes of the next job, when the line is idle and there is one."""
        return self._offer() if self._step is Step.IDLE else ()

    def hear(self, heard: bytes, unsent_bytes: int = 0) -> Sequence[bytes]:
        """Take what was read; the pieces to write next. `unsent_bytes`: of what was given out before, so many are surely not with the server."""
        if self._is_steady and not unsent_bytes and (usual := _STEADY(heard)) is not None:
            if usual[1] != self._text:
                self._text, self._answer = usual[1], Answer(Stage.DOT, 250, usual[1].decode("ascii"))
            job, self._job, self._following = self._job, self._following, None
            self._step, self._is_steady = Step.DATA, False
            self._answered(job, self._answer)
            return self._body()
        return self._hear_slowly(heard, unsent_bytes)

    def break_off(self, why: str, unsent_bytes: int = 0) -> None:
        """The connection is gone, silent or speaks garbage: type what was on its way."""
        step, job, following = self._step, self._job, self._following
        self._stop()
        if following is not None:
            self.again = following  # only its envelope was sent
        if job is None:
            return
        if step is Step.DOT:
            self._lost(job, why, after_dot=unsent_bytes <= self._bytes_after_dot(following))
        elif self._refusal is not None:
            self._answered(job, self._refusal)
        elif self._is_proved and step in {Step.MAIL, Step.RESET}:
            self.again = job
        else:
            self._lost(job, why, after_dot=False)

    # ------------------------------------------------------------------ inside
    def _stop(self) -> None:
        self._step, self._job, self._following, self._is_steady = Step.OVER, None, None, False

    def _bytes_after_dot(self, following: Job | None) -> int:
        return sum(map(len, self._commands)) if following is not None else 0

    def _hear_slowly(self, heard: bytes, unsent_bytes: int) -> Sequence[bytes]:
        self._is_steady, self._unsent = False, unsent_bytes
        self._replies.push(heard)
        said: list[bytes] = []
        try:
            while self._step is not Step.OVER and (reply := self._replies.next()) is not None:
                self.replies_heard += 1
                said += self._take(reply)
        except Garbage as error:
            self.break_off(f"the server answered with {error}", unsent_bytes)
        if self._step is Step.OVER:
            return ()
        self._is_steady = self._following is not None and self._replies.is_between and self._step is Step.DOT
        return said

    def _take(self, reply: Reply) -> Sequence[bytes]:
        if reply.code == CLOSING:
            return self._closing(reply)
        after = self._AFTER.get(self._step)
        if after is None:
            raise Garbage(f"a reply that nobody asked for: {reply.code} {reply.text}")
        return after(self, reply)

    def _after_reset(self, _reply: Reply) -> Sequence[bytes]:
        if self._job is None:
            return self._offer()
        self._step = Step.MAIL
        return ()

    def _after_void(self, _reply: Reply) -> Sequence[bytes]:
        return self._offer()

    def _closing(self, reply: Reply) -> Sequence[bytes]:
        """421: the server closes the connection (RFC 5321 3.8); it answers one job, the others have not been transmitted."""
        step, job, following = self._step, self._job, self._following
        self._stop()
        self.again = following
        if job is None:
            pass
        elif self._is_proved and step in {Step.MAIL, Step.RESET} and self._refusal is None:
            self.again = job  # so many messages a connection, or idle for too long: no word about this one
        else:
            self._answered(job, self._refusal or Answer(_STAGES[step], reply.code, reply.text))
        return ()

    def _after_dot(self, reply: Reply) -> Sequence[bytes]:
        answer, is_early = _answer(reply, Stage.DOT), self._unsent > self._bytes_after_dot(self._following)
        if is_early and answer.code < LEAST_REFUSAL:
            raise Garbage(f"{reply.code} {reply.text} before it had the whole message")
        job, self._job, self._following = self._job, self._following, None
        self._is_proved, self._step = True, Step.IDLE if self._job is None else Step.MAIL
        self._answered(job, answer)
        if is_early or self._is_cut:  # the rest of a message that is refused is spared, and a withdrawn one gets no dot
            self.again = self._job
            self._stop()
            return ()
        return self._offer() if self._job is None else ()

    def _after_mail(self, reply: Reply) -> Sequence[bytes]:
        self._refusal = _refusal(reply, Stage.MAIL)
        if not self._offers.pipelining and self._refusal is not None:
            return self._refused()
        self._step = Step.RCPT
        return () if self._offers.pipelining else (self._commands[1],)

    def _after_rcpt(self, reply: Reply) -> Sequence[bytes]:
        self._refusal = _refusal(reply, Stage.RCPT) if self._refusal is None else self._refusal
        if not self._offers.pipelining and self._refusal is not None:
            return self._refused()
        self._step = Step.DATA
        return () if self._offers.pipelining else (self._commands[2],)

    def _after_data(self, reply: Reply) -> Sequence[bytes]:
        if reply.code == GO_AHEAD:
            return self._body() if self._refusal is None else self._void()
        refusal = _refusal(reply, Stage.DATA)
        if refusal is None:
            raise Garbage(f"{reply.code} {reply.text} to DATA")
        self._refusal = self._refusal or refusal
        return self._refused()

    def _void(self) -> Sequence[bytes]:
        """DATA was taken though MAIL or RCPT was refused: a message without content ends it (RFC 2920 3.1), whatever the answer."""
        self._refuse()
        self._step = Step.VOID
        return (b".\r\n",)

    def _refused(self) -> Sequence[bytes]:
        """A clean transaction for the next job (RFC 5321 4.1.1.5), in the same write where the server takes that."""
        self._refuse()
        said = self._offer() if self._offers.pipelining else ()
        self._step = Step.RESET
        return (b"RSET\r\n", *said)

    def _refuse(self) -> None:
        job, refusal = self._job, self._refusal
        self._job, self._refusal, self._is_proved = None, None, True
        if refusal is not None:
            self._answered(job, refusal)

    def _body(self) -> Sequence[bytes]:
        """The 354 is here: the body with its dot, and the next envelope with it."""
        job = self._job
        following = self._following = self._next() if self._offers.pipelining else None
        if not self._begin(job):
            self._stop()  # withdrawn: no dot may follow, and only the end of the connection says so
            self.again, self.gave_back = following, True
            self._returned(job)
            return ()
        self._step, self._is_proved = Step.DOT, True
        if following is None:
            return (*job.parcel.message, b".\r\n")
        self._is_steady = True
        return (*job.parcel.message, b".\r\n", *self._commands)

    def _offer(self) -> Sequence[bytes]:
        """The next job's envelope, or none and an idle line."""
        self._step = Step.IDLE
        self._job = self._next()
        if self._job is None:
            return ()
        self._step = Step.MAIL
        return self._commands if self._offers.pipelining else self._commands[:1]

    def _next(self) -> Any:
        """The next job that can be offered, its envelope in _commands; those that cannot are answered at once."""
        while True:
            job, self.again = (self._next_job(self._server), None) if self.again is None else (self.again, None)
            if job is None:
                return None
            try:
                written = envelope(job.parcel, self._offers, "DATA\r\n")
            except Unsendable as error:
                self._answered(job, error.answer)
            else:
                self._commands = [written] if self._offers.pipelining else written.splitlines(keepends=True)
                return job

    _AFTER: ClassVar[dict[Step, Callable[["Conversation", Reply], Sequence[bytes]]]] = {
        Step.RESET: _after_reset,
        Step.MAIL: _after_mail,
        Step.RCPT: _after_rcpt,
        Step.DATA: _after_data,
        Step.DOT: _after_dot,
        Step.VOID: _after_void,
    }


def _answer(reply: Reply, stage: Stage) -> Answer:
    """A final reply as an answer. Raises Garbage for 3yz, which only DATA and AUTH may get."""
    if reply.code not in POSITIVE and reply.code < LEAST_REFUSAL:
        raise Garbage(f"{reply.code} {reply.text} to {stage}")
    return Answer(stage, reply.code, reply.text)


def _refusal(reply: Reply, stage: Stage) -> Answer | None:
    answer = _answer(reply, stage)
    return answer if answer.code >= LEAST_REFUSAL else None
