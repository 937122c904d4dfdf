"""Drives many connections to one or several servers from one thread: an epoll loop around the conversations.

In each round everything that has come is read and typed, then the engine's notes are flushed, and only then a message's bytes are written.
"""

import contextlib
import select
import time
from collections.abc import Iterable, Sequence

from syndication.delivery.wire.conversation import Conversation
from syndication.delivery.wire.crews import Crew
from syndication.delivery.wire.introduction import ServerAway
from syndication.delivery.wire.lines import IN, OUT, READ_BYTES, Line, NoAnswer, Stage
from syndication.delivery.wire.mailroom import Mailroom
from syndication.delivery.wire.names import Names
from syndication.delivery.wire.time_outs import Await, TimeOuts
from syndication.delivery.wire.window import Window
from syndication.environment import SmtpAddress

LONGEST_CHECK_SECONDS = 1.0
CHECKS_A_LIMIT = 4
STOPPED = "the sender was stopped"


class Exchange:
    """Connections to servers, kept between runs.

    staff() says how many are wanted, turn() is one round, wake() says that there are new jobs. `room` may be exchanged while nothing is in
    flight. When the room raises (a full disk), the exception leaves turn(), and what waits to be written waits for the next flush() that succeeds.
    """

    def __init__(self, room: Mailroom | None = None, *, host_name: str, time_outs: TimeOuts | None = None) -> None:
        self._room = room
        self._host_name = host_name
        self._time_outs = time_outs or TimeOuts()
        self._poll = select.epoll()
        self._lines: dict[int, Line] = {}
        self._crews: dict[SmtpAddress, Crew] = {}
        self._names = Names()
        self._round: list[Line] = []  # lines with something to write
        self._faulty: list[Line] = []  # lines whose write failed; what their servers said is read first
        self._is_short = self._is_woken = False
        self._check_seconds = min(LONGEST_CHECK_SECONDS, self._time_outs.shortest / CHECKS_A_LIMIT)
        self._check_at = 0.0

    # ------------------------------------------------------------------ what the engine calls
    @property
    def room(self) -> Mailroom:
        """The engine's side."""
        if self._room is None:
            raise RuntimeError("The exchange has no mailroom: set exchange.room before the first turn().")
        return self._room

    @room.setter
    def room(self, room: Mailroom) -> None:
        self._room = room
        for line in self._lines.values():
            if line.talk is not None:
                line.talk.work_for(room)

    @property
    def in_flight(self) -> int:
        """Jobs taken that have no end yet."""
        return sum([crew.jobs for crew in self._crews.values()])

    def ready_lines(self, server: SmtpAddress) -> int:
        """How many lines to the server stand."""
        crew = self._crews.get(server)
        return crew.ready if crew else 0

    def staff(self, server: SmtpAddress, connections: int) -> None:
        """Want so many lines to this server: one is opened at the next turn, more as they become ready; surplus ones close when idle.

        A server that was away is tried again.
        """
        crew = self._crews.setdefault(server, Crew(server))
        crew.wanted, crew.is_blocked, crew.is_needed = connections, False, connections > 0
        self._is_short = self._is_woken = True
        staying = sorted(crew.lines, key=lambda line: line.jobs, reverse=True)
        for line in staying[connections:]:
            self._let_go(line)

    def wake(self) -> None:
        """There are new jobs: lines with room ask for one in the next turn."""
        self._is_woken = self._is_short = True
        for crew in self._crews.values():
            crew.is_needed = True

    def turn(self, longest_seconds: float) -> None:
        """One round: wait for at most so long, read, look at the limits, flush, write."""
        if self._is_short:
            self._open_lines()
        events = self._poll.poll(self._patience(longest_seconds))
        now = time.monotonic()
        self._read(events, now)
        if self._is_woken:
            self._ask_all(now)
        if now >= self._check_at:
            self._check_limits(now)
        self.room.flush()
        if self._round:
            self._write()

    def close(self, grace_seconds: float = 0) -> None:
        """Take no more, wait for what is on its way for at most so long, type what is left, hang up. Nothing can be done with it afterwards."""
        if self._poll.closed:
            return
        until = time.monotonic() + grace_seconds
        try:
            self._leave()
            while self.in_flight and (left := until - time.monotonic()) > 0:
                self.turn(left)
        finally:
            self._end()

    # ------------------------------------------------------------------ reading
    def _patience(self, longest_seconds: float) -> float:
        if self._is_woken or self._faulty or self._is_short:
            return 0
        return max(0.0, min(longest_seconds, self._check_at - time.monotonic())) if self._lines else longest_seconds

    def _read(self, events: Iterable[tuple[int, int]], now: float) -> None:
        """The usual line has a conversation, nothing unsent, and a reply that asks for more; all else takes the longer way."""
        lines, this_round = self._lines, self._round
        if self._faulty:
            self._read_last_words(now)
        for number, event in events:
            line = lines.get(number)
            if line is None:
                continue
            hear = line.hear
            if hear is None or event != IN or line.unsent is not None:
                self._serve(line, event, now)
                continue
            try:
                heard = line.receive(READ_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                self._broken(line, f"the connection broke ({error})", now)
                continue
            try:
                said = hear(heard) if heard else ()
            except BaseException as error:
                self._stumble(line, error)
                raise
            if said:
                line.outbox += said
                line.since = now
                this_round.append(line)
            else:
                self._after_hearing(line, heard, now)

    def _serve(self, line: Line, event: int, now: float) -> None:
        """A line that is being opened, has bytes waiting, or is in trouble."""
        if line.talk is None:
            self._advance(line, now)
            return
        if event & ~OUT:
            self._listen(line, now)
        if event & OUT and line.is_watched and line.unsent is not None:
            try:
                line.since = now if line.send_rest() else line.since
            except OSError as error:
                self._fail(line, error)

    def _listen(self, line: Line, now: float) -> None:
        assert line.hear is not None
        try:
            heard = line.receive(READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._broken(line, f"the connection broke ({error})", now)
            return
        try:
            said = line.hear(heard, line.unsent_bytes) if heard else ()
        except BaseException as error:
            self._stumble(line, error)
            raise
        self._say(line, said, now)
        if not said:
            self._after_hearing(line, heard, now)

    def _say(self, line: Line, said: Sequence[bytes], now: float) -> None:
        if said:
            line.outbox += said
            line.since = now
            self._round.append(line)

    def _after_hearing(self, line: Line, heard: bytes, now: float) -> None:
        """What was read asks for no bytes: part of a reply, the last one, or the end."""
        talk = line.talk
        assert talk is not None
        if not heard:
            self._broken(line, "the server closed the connection", now)
        elif talk.is_over:
            self._retire(line)
        elif talk.replies_heard != line.replies_seen:
            line.replies_seen, line.since = talk.replies_heard, now
            if talk.is_idle:
                self._rest(line)

    def _rest(self, line: Line) -> None:
        """The line has nothing to do."""
        crew = self._crews[line.server]
        crew.is_needed = crew.is_needed and line.is_leaving
        if line.is_leaving or len(crew.lines) > crew.wanted:
            self._forget(line)
            line.hang_up(politely=True)
            self._is_short = True

    def _ask_all(self, now: float) -> None:
        """Lines with room ask for jobs; one that rested for too long is not trusted."""
        self._is_woken = False
        for crew in list(self._crews.values()):  # the engine may staff another server meanwhile
            for line in [line for line in crew.lines if line.talk is not None and not line.is_leaving]:
                if line.is_idle and now - line.since > self._time_outs.idle:
                    self._forget(line)
                    line.hang_up(politely=True)
                    self._is_short = True
                elif not self._ask(line, now):
                    break

    def _ask(self, line: Line, now: float) -> bool:
        """Ask for jobs; whether there may be more of them."""
        assert line.talk is not None
        try:
            said = line.talk.ask()
        except BaseException as error:
            self._stumble(line, error)
            raise
        self._say(line, said, now)
        crew = self._crews[line.server]
        if said and len(crew.lines) < crew.wanted:
            self._is_short = True
        if line.is_idle and not said:
            self._rest(line)
            return False
        return True

    # ------------------------------------------------------------------ writing
    def _write(self) -> None:
        for line in self._round:
            if line.outbox:
                try:
                    line.write()
                except OSError as error:
                    self._fail(line, error)
        self._round.clear()

    def _fail(self, line: Line, error: OSError) -> None:
        """A write failed: the next round first reads what the server may have said before."""
        line.fault = f"the connection broke ({error})"
        self._faulty.append(line)

    def _stumble(self, line: Line, error: BaseException) -> None:
        """The engine raised in the middle of a conversation: nothing more is written to it, and the next round ends it."""
        line.fault = f"the sender stumbled ({error})"
        self._faulty.append(line)

    def _read_last_words(self, now: float) -> None:
        while self._faulty:
            line = self._faulty.pop()
            if not line.is_watched or line.hear is None:
                continue
            try:
                self._hear_out(line)
            except BaseException:
                self._faulty.append(line)
                raise
            self._broken(line, line.fault, now)

    def _hear_out(self, line: Line) -> None:
        """All that has come; what it asks for is given out and never written."""
        heard = b""
        while line.hear is not None:
            line.outbox += line.hear(heard, line.unsent_bytes)
            try:
                heard = line.receive(READ_BYTES)
            except OSError:
                return
            if not heard:
                return

    # ------------------------------------------------------------------ opening
    def _open_lines(self) -> None:
        now, self._is_short = time.monotonic(), False
        for crew in list(self._crews.values()):
            redials, crew.redials = crew.redials, []
            for line, why in redials:
                if line in crew.lines:
                    line.since = now
                    self._dial(line, why)
            for _ in range(crew.missing):
                line = Line(crew.server, self._host_name, now)
                crew.lines.append(line)
                if not self._dial(line, ""):
                    break
            if crew.waiting and not crew.opening:
                self._return_waiting(crew)

    def _dial(self, line: Line, why: str) -> bool:
        try:
            if why:
                line.dial_next(why)
            else:
                line.dial(self._names)
        except ServerAway as error:
            self._away(line, str(error))
            return False
        self._lines[line.watch(self._poll)] = line
        return True

    def _advance(self, line: Line, now: float) -> None:
        try:
            if line.unsent is not None:
                line.send_rest()
            if line.advance(now):
                self._introduced(line, now)
        except BlockingIOError:
            return
        except NoAnswer as error:
            self._redial(line, str(error))
        except ServerAway as error:
            self._away(line, str(error))
        except OSError as error:
            self._away(line, f"{line.server} broke the connection when we asked for {line.awaits} ({error}).")

    def _redial(self, line: Line, why: str) -> None:
        """Try the server's next address in the next round: a number that is closed now must not come back in this one."""
        del self._lines[line.unwatch()]
        line.hang_up()
        self._crews[line.server].redials.append((line, why))
        self._is_short = True

    def _introduced(self, line: Line, now: float) -> None:
        """The line stands: it takes a job, and others may follow it."""
        crew, offers = self._crews[line.server], line.introduction.offers
        chunks = offers.chunking and offers.pipelining and line.server.window > 1 and not crew.is_misled
        first = crew.waiting.popleft() if crew.waiting else None
        line.talk_by((Window if chunks else Conversation)(self.room, line.server, offers, first))
        self._is_short = len(crew.lines) < crew.wanted or bool(crew.waiting)
        self._ask(line, now)

    def _away(self, line: Line, why: str) -> None:
        """An attempt failed: what waits for this server goes back, and the engine decides when to try again."""
        crew = self._crews[line.server]
        self._names.forget(line.server.host, line.server.port)
        self._forget(line)
        line.hang_up()
        crew.is_blocked = True
        self._return_waiting(crew)
        self.room.away(line.server, why)

    def _return_waiting(self, crew: Crew) -> None:
        while crew.waiting:
            self.wake()  # other lines may take it
            self.room.returned(crew.waiting.popleft())

    # ------------------------------------------------------------------ endings
    def _check_limits(self, now: float) -> None:
        self._check_at = now + self._check_seconds
        for line in list(self._lines.values()):
            awaited = line.awaits
            limit = self._time_outs.seconds(awaited)
            if now - line.since <= limit:
                continue
            if awaited is Await.NOTHING:
                self._forget(line)
                line.hang_up(politely=True)
            elif line.stage is Stage.DIALLING:
                self._redial(line, f"no answer within {limit:g} s")
            elif line.talk is None:
                self._away(
                    line,
                    f"{line.server} gave us no {awaited.removeprefix('a ').removeprefix('an ').removeprefix('the ')} within {limit:g} s.",
                )
            else:
                self._broken(line, f"the server gave no {awaited.removeprefix('an ')} within {limit:g} s", now)

    def _broken(self, line: Line, why: str, now: float) -> None:
        """The connection is gone: its jobs get their types."""
        assert line.talk is not None
        line.since = now
        line.talk.break_off(why, line.unsent_bytes)
        self._retire(line)

    def _retire(self, line: Line) -> None:
        """Close a line whose conversation is over; a job that it could not offer goes to a fresh one."""
        crew, talk = self._crews[line.server], line.talk
        self._forget(line)
        line.hang_up()
        if isinstance(talk, Window):
            crew.is_misled = crew.is_misled or talk.is_misled
        if talk is not None and talk.again is not None:
            crew.waiting.append(talk.again)
            talk.again = None
        if talk is not None and talk.gave_back:
            self.wake()
        self._is_short = True

    def _forget(self, line: Line) -> None:
        """The line is no longer ours."""
        if line.is_watched:
            del self._lines[line.unwatch()]
        self._crews[line.server].lines.remove(line)

    def _let_go(self, line: Line) -> None:
        """Close the line when it has nothing to do, an idle one now."""
        if line.talk is None or line.is_idle:
            self._forget(line)
            line.hang_up(politely=line.talk is not None)
        else:
            _finish(line)

    def _leave(self) -> None:
        for crew in self._crews.values():
            crew.wanted, crew.is_blocked = 0, True
            crew.redials.clear()
            self._return_waiting(crew)
            for line in list(crew.lines):
                self._let_go(line)

    def _end(self) -> None:
        """Hear what has come, then type and close everything; one job's trouble spares no other."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._poll.close)
            if self._room is not None:
                stack.callback(self._room.flush)
            for crew in self._crews.values():
                stack.callback(self._return_waiting, crew)
            lines = [line for crew in self._crews.values() for line in crew.lines]
            for line in lines:
                stack.callback(self._end_line, line)
            for line in lines:
                if line.talk is not None:
                    line.talk.cut()
            self._read(self._poll.poll(0), time.monotonic())

    def _end_line(self, line: Line) -> None:
        if line not in self._crews[line.server].lines:  # closed by the last reading
            return
        self._forget(line)
        try:
            if line.talk is not None:
                line.talk.break_off(STOPPED, line.unsent_bytes)
                if line.talk.again is not None:
                    self.room.returned(line.talk.again)
        finally:
            line.hang_up()


def _finish(line: Line) -> None:
    """Take no more jobs; close when done."""
    line.is_leaving = True
    if line.talk is not None:
        line.talk.take_no_more()
